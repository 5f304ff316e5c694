/// A drawing as it grows: elements of SVG, each on a line of its own.
struct SVGText: Sendable {
    private var lines: [String] = []

    /// An element without content. Attribute values may be any text.
    mutating func element(_ name: String, _ attributes: [(String, String)]) {
        lines.append("<\(name)\(Self.list(attributes))/>")
    }

    /// A line of text.
    mutating func text(_ content: String, x: Double, y: Double, class style: String, anchor: String = "start") {
        let place = [("x", Self.number(x)), ("y", Self.number(y)), ("class", style), ("text-anchor", anchor)]
        lines.append("<text\(Self.list(place))>\(Self.escaped(content))</text>")
    }

    /// A rectangle with round corners.
    mutating func box(x: Double, y: Double, width: Double, height: Double, radius: Double = 0, class style: String) {
        element(
            "rect",
            [
                ("x", Self.number(x)), ("y", Self.number(y)), ("width", Self.number(width)), ("height", Self.number(height)),
                ("rx", Self.number(radius)), ("class", style),
            ])
    }

    /// A straight line.
    mutating func line(from start: (x: Double, y: Double), to end: (x: Double, y: Double), class style: String) {
        element(
            "line",
            [
                ("x1", Self.number(start.x)), ("y1", Self.number(start.y)), ("x2", Self.number(end.x)), ("y2", Self.number(end.y)),
                ("class", style),
            ])
    }

    /// The whole file.
    func page(width: Double, height: Double, title: String, style: String) -> String {
        let (wide, high) = (Self.number(width), Self.number(height))
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(wide)" height="\(high)" viewBox="0 0 \(wide) \(high)" role="img">
            <title>\(Self.escaped(title))</title>
            <style>
            \(style)
            </style>
            \(lines.joined(separator: "\n"))
            </svg>

            """
    }

    private static func list(_ attributes: [(String, String)]) -> String {
        attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
    }

    /// What stands for itself in XML; characters that XML forbids are dropped.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\u{0}"..<"\u{20}": result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String { BenchText.plain((value * 100).rounded() / 100) }
}

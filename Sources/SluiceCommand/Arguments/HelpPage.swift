/// A help text, wrapped to lines of at most 100 characters.
struct HelpPage: Sendable {
    private static let width = 100
    /// Where explanations begin.
    private static let column = 26
    private var lines: [String] = []

    /// The page, without a line end after its last line.
    var text: String { lines.dropLast().joined(separator: "\n") }

    /// Text on lines of its own, with an empty line after it.
    mutating func paragraph(_ text: String) {
        lines += Self.wrapped(text, Self.width) + [""]
    }

    /// Names with explanations beside them, under a heading.
    mutating func list(_ title: String?, _ items: [(name: String, explanation: String)]) {
        if let title { lines.append("\(title):") }
        for item in items {
            var rest = Self.wrapped(item.explanation, Self.width - Self.column)
            let head = "  \(item.name)"
            if head.count + 2 <= Self.column, !rest.isEmpty {
                lines.append(Self.padded(head) + rest.removeFirst())
            } else {
                lines.append(head)
            }
            lines += rest.map { Self.padded("") + $0 }
        }
        lines.append("")
    }

    private static func padded(_ text: String) -> String { text + String(repeating: " ", count: max(0, column - text.count)) }

    private static func wrapped(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}

/// How benchmarks write figures.
enum BenchText {
    /// A number with so many decimal places, rounded; at least one place.
    static func decimal(_ number: Double, _ places: Int) -> String {
        var scale = 1
        for _ in 0..<places { scale *= 10 }
        let scaled = Int((number * Double(scale)).rounded())
        let fraction = String(abs(scaled) % scale)
        return "\(scaled < 0 ? "-" : "")\(abs(scaled) / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    /// A whole number in groups of three digits: `12 345`.
    static func grouped(_ number: Double) -> String {
        let digits = String(Int(abs(number).rounded()))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "\u{202F}" }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + text
    }

    /// A number with so many decimal places; in groups of three digits when there are none.
    static func number(_ number: Double, _ places: Int) -> String { places == 0 ? grouped(number) : decimal(number, places) }

    /// A number with as few decimal places as it needs, three at most: `4.5`, `0.05`, `8`.
    static func plain(_ number: Double) -> String {
        guard number != number.rounded() else { return String(Int(number)) }
        return String(decimal(number, 3).reversed().drop { $0 == "0" }.reversed())
    }
}

/// Reads a number of bytes as people write it: `1048576`, `64MiB`, `10MB`.
///
/// `kB`, `MB`, `GB` are powers of 1000; `KiB`, `MiB`, `GiB` are powers of 1024; upper and lower case are the same. No blanks,
/// signs or fractions.
enum ByteSizeText {
    /// The largest size that is accepted: 1 TiB.
    static let largest = 1 << 40

    private static let units = [
        "": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
    ]

    /// The number of bytes that `text` names.
    /// - Throws: a sentence that quotes the text and says what would do.
    static func bytes(of text: String) throws(ConfigurationProblem) -> Int {
        func failure(_ reason: String) -> ConfigurationProblem {
            ConfigurationProblem(
                "“\(text.excerpt)” is no size: \(reason); write a whole number of bytes, or one with a unit, such as 64MiB or 10MB")
        }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { throw failure(text.isEmpty ? "it is empty" : "it does not start with a digit") }
        let unit = text.dropFirst(digits.count)
        guard let factor = units[unit.lowercased()] else { throw failure("the unit “\(unit.excerpt)” is unknown") }
        guard let count = Int(digits), case let (bytes, overflow) = count.multipliedReportingOverflow(by: factor), !overflow,
            bytes <= largest
        else { throw failure("it is more than 1024GiB") }
        return bytes
    }

    /// `bytes` as ``bytes(of:)`` reads it, in the largest binary unit that is exact.
    static func text(of bytes: Int) -> String {
        for (name, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes != 0 && bytes % factor == 0 {
            return "\(bytes / factor)\(name)"
        }
        return "\(bytes)"
    }
}

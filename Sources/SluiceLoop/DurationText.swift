/// Reads a span of time as people write it in options: a whole number and a unit, `50ms`, `60s`, `10m`, `1h`, `1d`.
///
/// Every option of the command, every environment variable and every key of the configuration file is read by this one type, so that
/// they agree on what is accepted. No blanks, signs, fractions or sums of units: `1500ms`, not `1.5s`.
package enum DurationText {
    /// The units, with their length in milliseconds.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// The longest span that is accepted: 36,500 days, well inside what microseconds in an `Int64` can say.
    package static let longest = Duration.milliseconds(36_500 * 86_400_000)
}

/// Why a text is no duration. The sentence quotes the text and says what would do.
package struct DurationTextError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was read.
    package let text: String
    /// What is wrong with it, without the text.
    package let reason: String

    /// The text, what is wrong with it, and examples that would do.
    package var description: String {
        "\"\(text)\" is no duration: \(reason); write a whole number and a unit, such as 50ms, 60s, 10m, 1h or 1d"
    }
}

extension Duration {
    /// The duration that `text` names: a whole number, then `ms`, `s`, `m`, `h` or `d`. `0s` is a duration; whether zero makes sense is
    /// for the option to say. Throws a ``DurationTextError`` for anything else, and for more than 36,500 days.
    package init(text: some StringProtocol) throws(DurationTextError) {
        self = try DurationText.duration(of: Substring(text))
    }

    /// This duration as ``init(text:)`` reads it, in the largest unit that is exact: `60s` is `1m`. What is below a millisecond is dropped.
    package var text: String { DurationText.text(of: self) }
}

extension DurationText {
    /// The duration that `text` names; see `Duration.init(text:)`.
    fileprivate static func duration(of text: Substring) throws(DurationTextError) -> Duration {
        func failure(_ reason: String) -> DurationTextError { DurationTextError(text: String(text), reason: reason) }
        if text.isEmpty { throw failure("it is empty") }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count)
        if digits.isEmpty { throw failure("it does not start with a digit") }
        if name.isEmpty { throw failure("the unit is missing") }
        guard let unit = units.first(where: { $0.name == name }) else { throw failure("the unit \"\(name)\" is unknown") }
        guard let count = Int64(digits) else { throw failure("the number is too large") }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        if overflow || .milliseconds(milliseconds) > longest { throw failure("it is longer than 36500 days") }
        return .milliseconds(milliseconds)
    }

    /// `duration` in the largest unit that is exact.
    fileprivate static func text(of duration: Duration) -> String {
        let milliseconds = duration.microseconds / 1_000
        let unit = units.last { milliseconds % $0.milliseconds == 0 && (milliseconds != 0 || $0.name == "s") } ?? units[0]
        return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
}

/// At most so many requests in any interval as long as the window, written `30/60s`.
package struct RateLimit: Hashable, Sendable, CustomStringConvertible {
    /// Requests a window, 1 to 10,000,000.
    package let count: Int64
    /// The window in microseconds, 1 ms to 31 days.
    package let window: Int64

    package static let countBounds: ClosedRange<Int64> = 1...10_000_000
    package static let windowBounds: ClosedRange<Int64> = 1_000...31 * 86_400_000_000

    /// - Throws: `RulesError` when a part lies outside its bounds.
    package init(count: Int64, window: Int64) throws(RulesError) {
        guard Self.countBounds.contains(count) else {
            throw RulesError("A limit of \(count) requests is impossible: give between 1 and 10000000.")
        }
        guard Self.windowBounds.contains(window) else {
            throw RulesError("A window of \(window) µs is impossible: give between 1ms and 31d.")
        }
        self.count = count
        self.window = window
    }

    /// Of what other limits say, which were checked.
    init(agreed count: Int64, in window: Int64) {
        self.count = count
        self.window = window
    }

    /// Reads `30/60s`; the units are `ms`, `s`, `m`, `h` and `d`.
    /// - Throws: `RulesError`, naming the text and the part of it that is wrong.
    package init(_ text: String) throws(RulesError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw RulesError("“\(text)” is no limit: write requests/window, for instance 30/60s.")
        }
        guard let count = Self.wholeNumber(parts[0]) else {
            throw RulesError("“\(text)”: “\(parts[0])” is no count: write a whole number before the slash, for instance 30/60s.")
        }
        let digits = parts[1].prefix { $0.isASCII && $0.isNumber }
        guard let length = Self.wholeNumber(digits), let unit = Self.units[String(parts[1].dropFirst(digits.count))] else {
            throw RulesError("“\(text)”: “\(parts[1])” is no window: write a whole number and ms, s, m, h or d, for instance 30/60s.")
        }
        let (window, overflow) = length.multipliedReportingOverflow(by: unit)
        guard !overflow, Self.countBounds.contains(count), Self.windowBounds.contains(window) else {
            throw RulesError("“\(text)” is out of bounds: give 1 to 10000000 requests and a window of 1ms to 31d.")
        }
        self.count = count
        self.window = window
    }

    /// As it is written in a configuration, in the largest unit that needs no fraction.
    package var description: String {
        let unit = Self.written.first { window % $0.1 == 0 }
        guard let unit else { return "\(count)/\(window)us" }
        return "\(count)/\(window / unit.1)\(unit.0)"
    }

    private static let written: [(String, Int64)] = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
    ]
    private static let units = Dictionary(uniqueKeysWithValues: written)

    private static func wholeNumber(_ text: Substring) -> Int64? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int64(text) : nil
    }
}

/// A rule that cannot be kept: which, and what would do.
package struct RulesError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}

internal import SluiceLoop

/// How long a mirror takes to answer, after it has counted the request.
package struct MirrorLatency: Hashable, Sendable, CustomStringConvertible {
    /// The shortest and the longest; evenly distributed in between.
    package let range: ClosedRange<Duration>

    /// Answers at once.
    package static let none = MirrorLatency(checked: .zero ... .zero)

    /// The longest latency that makes sense.
    private static let longest = Duration.seconds(3_600)

    /// Reads a fixed latency, `50ms`, or a range, `20ms..80ms`. At most an hour.
    package init(text: String) throws(MirrorError) {
        func failure(_ reason: String, _ underlying: (any Error)? = nil) -> MirrorError {
            MirrorError(
                .invalidOption,
                "the latency \"\(text)\" is none: \(reason); write a duration, such as 50ms, or a range, such as 20ms..80ms",
                underlying: underlying)
        }
        var ends: [Duration] = []
        for part in Self.parts(of: text) {
            do {
                ends.append(try Duration(text: part))
            } catch {
                throw failure(error.description, error)
            }
        }
        guard let first = ends.first, let last = ends.last, ends.count <= 2 else { throw failure("a range has two ends") }
        guard first <= last else { throw failure("the range ends before it starts") }
        guard last <= Self.longest else { throw failure("it is longer than 1h") }
        range = first...last
    }

    private init(checked range: ClosedRange<Duration>) { self.range = range }

    /// Whether answers leave at once.
    package var isNone: Bool { range.upperBound == .zero }

    /// One latency, in whole microseconds.
    package func draw(_ generator: inout some RandomNumberGenerator) -> Duration {
        if range.lowerBound == range.upperBound { return range.lowerBound }
        return .microseconds(Int64.random(in: range.lowerBound.microseconds...range.upperBound.microseconds, using: &generator))
    }

    /// As ``init(text:)`` reads it.
    package var description: String {
        range.lowerBound == range.upperBound ? range.lowerBound.text : "\(range.lowerBound.text)..\(range.upperBound.text)"
    }

    /// What stands between the `..`.
    private static func parts(of text: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = text[...]
        while let dots = rest.firstRange(of: "..") {
            parts.append(rest[..<dots.lowerBound])
            rest = rest[dots.upperBound...]
        }
        return parts + [rest]
    }
}

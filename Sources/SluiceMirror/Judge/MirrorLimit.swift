internal import SluiceLoop

/// A limit as a strict mirror enforces it: at most so many requests in any window this long.
package struct MirrorLimit: Hashable, Sendable, CustomStringConvertible {
    /// Requests in a window, at least 1.
    package let count: Int
    /// The window's length, at least 1 ms.
    package let window: Duration

    /// - Throws: when `count` is below 1 or `window` below 1 ms.
    package init(_ count: Int, per window: Duration) throws(MirrorError) {
        guard count >= 1, window >= .milliseconds(1) else {
            throw MirrorError(
                .invalidOption, "the limit \(count) per \(window) is impossible; allow at least 1 request, in a window of at least 1ms")
        }
        self.count = count
        self.window = window
    }

    /// Reads `COUNT/WINDOW`, such as `30/60s` or `1000/1d`.
    package init(text: String) throws(MirrorError) {
        func failure(_ reason: String, _ underlying: (any Error)? = nil) -> MirrorError {
            MirrorError(
                .invalidOption, "the limit \"\(text)\" is none: \(reason); write COUNT/WINDOW, such as 30/60s", underlying: underlying)
        }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw failure("the slash is missing") }
        guard parts[0].allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(parts[0]), count >= 1 else {
            throw failure("\"\(parts[0])\" is no count of at least 1")
        }
        do {
            window = try Duration(text: parts[1])
        } catch {
            throw failure(error.description, error)
        }
        guard window > .zero else { throw failure("the window is zero") }
        self.count = count
    }

    /// `30/1m`: the count, and the window in its largest exact unit.
    package var description: String { "\(count)/\(window.text)" }
}

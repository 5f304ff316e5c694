package import SluiceLoop

/// A line that a worker writes on its standard output, at once, so that a kill loses nothing that was done.
package enum WorkerLine: Hashable, Sendable {
    /// Where a call's answer came from, in the order of its cost.
    package enum Source: String, Sendable, CaseIterable {
        case memory, redis, collapsed, mirror
    }

    /// One answered call.
    package struct Call: Hashable, Sendable {
        /// Which signal to go it belongs to, from 1.
        package var go: Int
        package var caller: Int
        /// Its place among the caller's calls, from 0.
        package var index: Int
        package var source: Source
        /// Whether the body is what the mirrors hold for this path.
        package var isRight: Bool
        /// The body's length.
        package var bytes: Int
        /// On the host's continuous clock.
        package var at: Instant
    }

    /// The pool is joined; signals to go are awaited.
    case ready
    /// A call was answered.
    case call(Call)
    /// A call ended in an error.
    case failed(go: Int, caller: Int, index: Int, message: String)
    /// All calls that belong to this signal to go are over.
    case done(go: Int)

    /// The line, without its end.
    package var text: String {
        switch self {
        case .ready: "ready"
        case .call(let call):
            "call \(call.go) \(call.caller) \(call.index) \(call.source.rawValue) \(call.isRight ? "right" : "wrong") \(call.bytes) \(call.at.microseconds)"
        case .failed(let go, let caller, let index, let message): "failed \(go) \(caller) \(index) \(message)"
        case .done(let go): "done \(go)"
        }
    }

    /// Reads a line; nil when it is none.
    package init?(_ text: Substring) {
        let parts = text.split(separator: " ", maxSplits: 4)
        let numbers = parts.dropFirst().prefix(3).compactMap { Int($0) }
        switch parts.first {
        case "ready": self = .ready
        case "done" where numbers.count == 1: self = .done(go: numbers[0])
        case "failed" where numbers.count == 3 && parts.count == 5:
            self = .failed(go: numbers[0], caller: numbers[1], index: numbers[2], message: String(parts[4]))
        case "call" where numbers.count == 3 && parts.count == 5:
            let rest = parts[4].split(separator: " ")
            guard rest.count == 4, let source = Source(rawValue: String(rest[0])), let bytes = Int(rest[2]), let at = Int64(rest[3]) else {
                return nil
            }
            self = .call(
                Call(
                    go: numbers[0], caller: numbers[1], index: numbers[2], source: source, isRight: rest[1] == "right", bytes: bytes,
                    at: Instant(microseconds: at)))
        default: return nil
        }
    }
}

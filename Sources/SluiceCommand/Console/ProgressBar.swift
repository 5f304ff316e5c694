import SluiceLoop
import Synchronization

/// A line on the terminal that shows how far something is; nothing where standard error is no terminal.
final class ProgressBar: Sendable {
    /// Drawing more often than anybody can see would only cost time.
    private static let interval: Int64 = 50_000

    private let console: Console
    private let next = Mutex(Instant(microseconds: .min))

    init(_ console: Console) { self.console = console }

    /// Draws it.
    func show(_ done: Int, of total: Int) {
        guard console.errorsAreTerminal else { return }
        let now = Instant.now
        let isDue = next.withLock { next in
            guard now >= next || done == total else { return false }
            next = now.advanced(byMicroseconds: Self.interval)
            return true
        }
        if isDue { console.redrawLine(Self.line(done, of: total)) }
    }

    /// Takes it away.
    func clear() { if console.errorsAreTerminal { console.redrawLine("") } }

    /// `██████······  50 of 100`.
    static func line(_ done: Int, of total: Int) -> String {
        let width = 24
        let filled = total > 0 ? min(width, done * width / total) : width
        return String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled) + "  \(done) of \(total)"
    }
}

import Glibc

/// A bar on the standard error stream, when that is a terminal; nothing otherwise.
struct ProgressBar: Sendable {
    private let total: UInt64
    private let isShown = isatty(2) == 1
    private let began = time(nil)
    private var drawn: UInt64?

    init(total: UInt64) { self.total = total }

    /// Draws the bar, when a part worth drawing was added.
    mutating func show(_ done: UInt64, _ note: String) {
        let share = done * 200 / max(1, total)
        guard isShown, share != drawn else { return }
        drawn = share
        let filled = Int(done * 40 / max(1, total))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 40 - filled)
        let spent = UInt64(max(0, time(nil) - began))
        let left = done == 0 ? "" : ", \(spent * (total - done) / done) s left"
        write("\r\u{1B}[K\(bar) \(done)/\(total)\(left) \(note)")
    }

    /// Takes the bar away, so that a line can be printed.
    func clear() { if isShown { write("\r\u{1B}[K") } }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(2, bytes, bytes.count)
    }
}

import Foundation
import SluiceLoop

/// What is shown while the demo runs: one line that is redrawn on a terminal, a line every three seconds elsewhere.
struct DemoProgress {
    private static let interval = Duration.seconds(3)

    private let isTerminal = isatty(2) == 1
    private var lastLine: Instant?

    /// Shows how far it is.
    mutating func show(tally: CallTally, mirrors: [MirrorReport], options: DemoOptions, leader: Int32?, since start: Instant) {
        let now = Instant.now
        let requests = mirrors.reduce(0) { $0 + $1.requests }
        let windows = mirrors.map { "\($0.name) \($0.worst)/\($0.worstWindows.first?.limit ?? 0)" }.joined(separator: "  ")
        let lead = options.leads ? leader.map { "leader \($0)" } ?? "no leader" : "leaderless"
        let time = DemoText.seconds(now.duration(since: start))
        let facts = "\(requests)/\(options.needs) fetched  \(tally.calls) calls  worst \(windows)  \(lead)  \(time)"
        if isTerminal {
            let room = columns - 1 - facts.count - 2
            let width = max(0, min(24, room))
            let filled = min(width, requests * width / max(1, options.needs))
            let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
            // A line that wraps could not be redrawn.
            DemoText.write("\r\u{1B}[2K" + (width >= 8 ? "\(bar)  \(facts)" : facts).prefix(max(1, columns - 1)), to: 2)
        } else if now.duration(since: lastLine ?? start) >= Self.interval {
            DemoText.say(facts)
            lastLine = now
        }
    }

    /// The terminal's width; 80 when it does not say.
    private var columns: Int {
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// A sentence between.
    func say(_ sentence: String) { DemoText.write((isTerminal ? "\r\u{1B}[2K" : "") + sentence + "\n", to: 2) }

    /// Takes the redrawn line away.
    func clear() { if isTerminal { DemoText.write("\r\u{1B}[2K", to: 2) } }
}

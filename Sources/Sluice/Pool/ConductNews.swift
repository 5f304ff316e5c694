import SluiceCoordination
import Synchronization

/// Tells the operator, once for each change, when the pool opens a mirror's circuit, closes it, holds a mirror to less than its limit,
/// and goes back to the whole. Whoever of the pool's processes hears of it tells it.
final class ConductNews: Sendable {
    private struct Known {
        var standing = MirrorStanding.good
        var held: Int64 = 0
    }

    private struct State {
        var known: [Known]
        /// The life of the ledger's data that was heard of last, and its time then.
        var incarnation = ""
        var heardAt: (frame: Int64, time: Int64) = (.min, .min)
    }

    private let names: [String]
    private let limits: [RateLimit?]
    private let log: @Sendable (String) -> Void
    private let state: Mutex<State>

    init(rules: [MirrorRules], log: @escaping @Sendable (String) -> Void) {
        names = rules.map(\.name)
        limits = rules.map(\.limits.first)
        self.log = log
        state = Mutex(State(known: rules.map { _ in Known() }))
    }

    /// What the ledger said; an answer that was overtaken by a later one is no news.
    func heard(_ mirrors: [MirrorStatus], _ stamp: LedgerStamp) {
        let lines = state.withLock { state -> [String] in
            if stamp.incarnation != state.incarnation { state.heardAt = (.min, .min) }
            guard (stamp.frame, stamp.time) >= state.heardAt, mirrors.count == state.known.count else { return [] }
            state.incarnation = stamp.incarnation
            state.heardAt = (stamp.frame, stamp.time)
            var lines: [String] = []
            for (place, status) in mirrors.enumerated() {
                let before = state.known[place]
                guard before.standing != status.standing || before.held != status.held else { continue }
                state.known[place] = Known(standing: status.standing, held: status.held)
                lines += Self.lines(names[place], limits[place], before, status)
            }
            return lines
        }
        lines.forEach(log)
    }

    private static func lines(_ name: String, _ limit: RateLimit?, _ before: Known, _ status: MirrorStatus) -> [String] {
        var lines: [String] = []
        let pause = status.pausedFor / 1_000
        switch (before.standing, status.standing) {
        case (_, .failing) where before.standing != .failing:
            lines.append("mirror \(name) fails: the pool's circuit is open for \(pause) ms, and then one request at a time is a probe")
        case (_, .refusing) where before.standing != .refusing:
            lines.append("mirror \(name) refused a request within its limits: the pool leaves it alone for \(pause) ms, and then probes")
        case (.failing, .good): lines.append("mirror \(name) answers again: the pool's circuit is closed")
        case (.refusing, .good): lines.append("mirror \(name) accepts requests again")
        default: break
        }
        guard let limit else { return lines }
        let (old, new) = (before.held == 0 ? limit.count : before.held, status.held == 0 ? limit.count : status.held)
        // On its way up it rises a little in each window; that is shown in the metrics, and told when all is well again.
        if new < old {
            lines.append(
                "mirror \(name) is held to \(new) of \(limit) and paced, until it has accepted that for some time: "
                    + "it counts otherwise than we do, or others use its quota")
        } else if new == limit.count, old < new {
            lines.append("mirror \(name) is back at \(limit), paced")
        } else if status.held == 0, before.held != 0 {
            lines.append("mirror \(name) is no longer paced")
        }
        return lines
    }
}

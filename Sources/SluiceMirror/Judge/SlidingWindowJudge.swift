package import SluiceLoop

/// Counts arrivals in true sliding windows and says which of them are too many. Pure: the time comes in with each arrival.
///
/// An arrival at t *violates* a limit of n per window when it is more than the n-th in `(t − window, t]`. The largest such count over all
/// arrivals is also the largest over every half-open interval of that length, wherever it lies, since a fullest interval can be moved
/// until an arrival ends it. Every arrival counts, refused ones too, as upstreams that mean it do.
///
/// With a `block`, a violation bans the offender: until it is over, arrivals are refused as banned. The offender is whoever uses the
/// mirror, all clients together: a pool shares its limit, however many hosts it runs on. An arrival during a ban is counted and can
/// violate like any other, but neither prolongs the ban nor starts another.
///
/// Memory: 8 bytes for each arrival in the longest window. Time: constant for each arrival and limit, amortised.
package struct SlidingWindowJudge: Sendable {
    /// What becomes of an arrival.
    package enum Verdict: Hashable, Sendable {
        /// Within all limits.
        case accepted
        /// Too many in a window: `limit` is the first limit that is violated; from `until` on, when its ban is over too, one more would be
        /// accepted if no other came before.
        case violation(limit: MirrorLimit, until: Instant)
        /// Refused because of an earlier violation, until the given instant (which is no longer in the ban).
        case banned(until: Instant)
    }

    /// One limit's window, and the fullest that it ever was.
    private struct Window {
        let limit: MirrorLimit
        let length: Int64
        /// Index of the oldest arrival inside, in `arrivals`.
        var start = 0
        var worst = 0
    }

    /// How long a violation bans; nil: not at all.
    package let block: Duration?
    /// Arrivals in all.
    package private(set) var requests = 0
    /// Arrivals that violated a limit, in a ban or not.
    package private(set) var violations = 0
    /// Bans that were started.
    package private(set) var bans = 0
    /// Arrivals that came during a ban.
    package private(set) var refusedWhileBanned = 0

    private var windows: [Window]
    private var arrivals: [Instant] = []
    private var bannedUntil: Instant?

    /// Several limits hold at once; none means that everything is accepted.
    package init(limits: [MirrorLimit], block: Duration? = nil) {
        windows = limits.map { Window(limit: $0, length: $0.window.microseconds) }
        self.block = block
    }

    /// For each limit the largest number of arrivals in any window so far.
    package var worstWindows: [(limit: MirrorLimit, worst: Int)] { windows.map { ($0.limit, $0.worst) } }

    /// Counts an arrival and judges it. An instant before the last arrival's is taken for the last arrival's.
    package mutating func arrive(at instant: Instant) -> Verdict {
        let now = max(instant, arrivals.last ?? instant)
        requests += 1
        if !windows.isEmpty { arrivals.append(now) }
        let violated = slide(to: now)
        if violated != nil { violations += 1 }
        if let end = bannedUntil, now < end {
            refusedWhileBanned += 1
            return .banned(until: end)
        }
        bannedUntil = nil
        guard let violated else { return .accepted }
        guard let block, block > .zero else { return .violation(limit: violated, until: room(after: now)) }
        bans += 1
        let end = now.advanced(by: block)
        bannedUntil = end
        return .violation(limit: violated, until: max(end, room(after: now)))
    }

    /// Moves all windows so that they end at `now`. Returns the first limit that the last arrival violates.
    private mutating func slide(to now: Instant) -> MirrorLimit? {
        var violated: MirrorLimit?
        var oldest = arrivals.count
        for index in windows.indices {
            let edge = now.advanced(byMicroseconds: -windows[index].length)
            while arrivals[windows[index].start] <= edge { windows[index].start += 1 }
            let count = arrivals.count - windows[index].start
            windows[index].worst = max(windows[index].worst, count)
            if count > windows[index].limit.count { violated = violated ?? windows[index].limit }
            oldest = min(oldest, windows[index].start)
        }
        // Forget what has left every window, in chunks, so that it costs little.
        if oldest > 1_024, oldest * 2 > arrivals.count {
            arrivals.removeFirst(oldest)
            for index in windows.indices { windows[index].start -= oldest }
        }
        return violated
    }

    /// When one more arrival would be within all limits, if no other came before.
    private func room(after now: Instant) -> Instant {
        var room = now
        for window in windows where arrivals.count - window.start >= window.limit.count {
            room = max(room, arrivals[arrivals.count - window.limit.count].advanced(byMicroseconds: window.length))
        }
        return room
    }
}

package import SluiceLoop

/// Counts arrivals in true sliding windows and says which of them are too many. Pure: the time comes in with each arrival.
///
/// An arrival at t *violates* a limit of n per window when it is more than the n-th in `(t − window, t]`. The largest such count over all
/// arrivals is also the largest over every half-open interval of that length, wherever it lies, since a fullest interval can be moved
/// until an arrival ends it. Every arrival counts, refused ones too, as upstreams that mean it do.
///
/// Memory: 8 bytes for each arrival in the longest window. Time: constant for each arrival and limit, amortised.
package struct SlidingWindowJudge: Sendable {
    /// What becomes of an arrival.
    package enum Verdict: Hashable, Sendable {
        /// Within all limits.
        case accepted
        /// Too many in a window: `limit` is the first limit that is violated; from `until` on one more would be accepted if no other
        /// came before.
        case violation(limit: MirrorLimit, until: Instant)
    }

    /// One limit's window, and the fullest that it ever was.
    private struct Window {
        let limit: MirrorLimit
        let length: Int64
        /// Index of the oldest arrival inside, in `arrivals`.
        var start = 0
        var worst = 0
    }

    /// Arrivals in all.
    package private(set) var requests = 0
    /// Arrivals that violated a limit.
    package private(set) var violations = 0

    private var windows: [Window]
    private var arrivals: [Instant] = []

    /// Several limits hold at once; none means that everything is accepted.
    package init(limits: [MirrorLimit]) {
        windows = limits.map { Window(limit: $0, length: $0.window.microseconds) }
    }

    /// For each limit the largest number of arrivals in any window so far.
    package var worstWindows: [(limit: MirrorLimit, worst: Int)] { windows.map { ($0.limit, $0.worst) } }

    /// Counts an arrival and judges it. An instant before the last arrival's is taken for the last arrival's.
    package mutating func arrive(at instant: Instant) -> Verdict {
        let now = max(instant, arrivals.last ?? instant)
        requests += 1
        if !windows.isEmpty { arrivals.append(now) }
        guard let violated = slide(to: now) else { return .accepted }
        violations += 1
        return .violation(limit: violated, until: room(after: now))
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

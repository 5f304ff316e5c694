package import SluiceLoop

/// What is known about slots to come, good enough to tell a waiter that its deadline cannot be met.
///
/// The estimate is a bound from below: slots cannot come faster than every limit renewed at once allows. A waiter is
/// refused only when even that is too late.
package struct Outlook: Hashable, Sendable {
    /// When this was known.
    package var at: Instant
    /// How many wait in the whole pool.
    package var waiting: Int
    /// How many slots are free.
    package var free: Int
    /// When the next slot is released, in microseconds after `at`; nil when unknown.
    package var nextRelease: Int64?
    /// How many slots all mirrors together can hold.
    package var capacity: Int
    /// Slots a second that all limits together allow in the long run.
    package var rate: Double

    package init(at: Instant, waiting: Int, free: Int, nextRelease: Int64?, capacity: Int, rate: Double) {
        self.at = at
        self.waiting = waiting
        self.free = free
        self.nextRelease = nextRelease
        self.capacity = capacity
        self.rate = rate
    }

    /// From what the ledger said of the mirrors.
    package init(terms: LedgerTerms, mirrors: [MirrorStatus], waiting: Int, now: Instant) {
        var soonest: Int64?
        for (rules, status) in zip(terms.mirrors, mirrors) {
            // A request under way may complete at once, and its slot then comes back a window later.
            let closed = max(status.pausedFor, status.sealedFor)
            let turnover = rules.shortestTurnover
            let release = status.free > 0 ? 0 : max(closed, min(status.nextRelease ?? turnover, turnover))
            soonest = min(soonest ?? release, release)
        }
        self.init(
            terms: terms, waiting: waiting, free: mirrors.reduce(0) { $0 + Int($1.free) }, nextRelease: soonest, now: now)
    }

    /// From what the leader said in a beat.
    package init(terms: LedgerTerms, waiting: Int, free: Int, nextRelease: Int64?, now: Instant) {
        var capacity = 0
        var rate = 0.0
        for rules in terms.mirrors {
            guard let scarcest = rules.limits.max(by: { $0.interval < $1.interval }) else {
                // Without a limit only requests under way are capped, and how long they take nobody knows.
                rate = .infinity
                continue
            }
            capacity += Int(rules.limits.map(\.count).min() ?? 0)
            rate += 1_000_000 / scarcest.interval
        }
        self.init(at: now, waiting: waiting, free: free, nextRelease: nextRelease, capacity: capacity, rate: rate)
    }

    /// The earliest instant at which somebody with so many before him can have a slot; nil when nothing is known.
    package func earliestSlot(ahead: Int, now: Instant) -> Instant? {
        guard rate > 0 else { return nil }
        let missing = ahead + 1 - free
        if missing <= 0 { return now }
        guard let nextRelease else { return nil }
        let beyondOneFill = Double(max(0, missing - capacity))
        let span = Int64(min(beyondOneFill / rate, 1e9) * 1_000_000)
        return max(now, at.advanced(byMicroseconds: nextRelease).advanced(byMicroseconds: span))
    }
}

extension RateLimit {
    /// Microseconds a slot in the long run.
    fileprivate var interval: Double { Double(window) / Double(count) }
}

extension MirrorRules {
    /// The shortest time in which a slot that completes now can come back, in microseconds.
    fileprivate var shortestTurnover: Int64 { burst != nil || limits.isEmpty ? 0 : limits.map(\.window).min() ?? 0 }
}

package import SluiceLoop

/// What is known of slots to come, good enough to tell a waiter that its deadline cannot be met.
///
/// The estimate is a bound from below: slots cannot come faster than every limit, renewed at once, allows. A waiter is
/// refused only when even that is too late.
package struct Outlook: Hashable, Sendable {
    /// When this was known.
    package var at: Instant
    /// How many wait in the whole pool.
    package var waiting: Int
    /// How many slots are free.
    package var free: Int
    /// When the next slot can be released, in microseconds after `at`; nil when unknown.
    package var nextRelease: Int64?
    /// Whether three quarters of all slots are free: then nobody misses one that comes back somewhat late.
    package let isPlenty: Bool
    private let mirrors: [MirrorRules]

    /// From what the leader said in a beat.
    package init(terms: LedgerTerms, waiting: Int, free: Int, nextRelease: Int64?, now: Instant) {
        at = now
        mirrors = terms.mirrors
        self.waiting = waiting
        self.free = free
        self.nextRelease = nextRelease
        isPlenty = 4 * free > 3 * terms.mirrors.reduce(0) { $0 + ($1.limits.map { Int($0.count) }.min() ?? 0) }
    }

    /// From what the ledger said of the mirrors.
    package init(terms: LedgerTerms, mirrors: [MirrorStatus], waiting: Int, now: Instant) {
        var soonest: Int64?
        for (rules, status) in zip(terms.mirrors, mirrors) {
            // A request under way may complete at once, and its slot then comes back a window later; where only a report can make room (all
            // records of grants are taken), at once.
            let release = status.free > 0 ? 0 : max(status.pausedFor, min(status.nextRelease ?? 0, rules.shortestTurnover))
            soonest = min(soonest ?? release, release)
        }
        self.init(
            terms: terms, waiting: waiting, free: mirrors.reduce(0) { $0 + Int($1.free) }, nextRelease: soonest, now: now)
    }

    /// Whether something may have come free since, or it was known too long ago to be told to others.
    package func isStale(now: Instant) -> Bool {
        let age = now.microseconds(since: at)
        return isOutdated || age >= Self.freshness || free == 0 && age >= nextRelease ?? 0
    }
    /// Set when slots are known to have come free since.
    package var isOutdated = false
    /// Well below the time for which those wait who cannot tell whether the clock was set: see `LedgerState+Time.swift`.
    private static let freshness: Int64 = 400_000

    /// The earliest instant at which somebody with so many before him can have a slot; nil when nothing is known.
    package func earliestSlot(ahead: Int, now: Instant) -> Instant? {
        let missing = ahead + 1 - free
        if missing <= 0 { return now }
        guard let nextRelease else { return nil }
        return max(now, at.advanced(byMicroseconds: nextRelease).advanced(byMicroseconds: leastTime(for: missing)))
    }

    /// The shortest time, in microseconds, in which so many slots can be released: by halving, since more time never brings fewer.
    private func leastTime(for slots: Int) -> Int64 {
        var low: Int64 = 0
        var high: Int64 = 1 << 50
        while low < high {
            let middle = (low + high) / 2
            if mirrors.contains(where: \.limits.isEmpty) || releases(within: middle) >= Double(slots) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    /// The most slots that can be released within a time: each limit once at its start, and then at its rate.
    private func releases(within time: Int64) -> Double {
        mirrors.reduce(0) { sum, rules in
            sum + (rules.limits.map { Double($0.count) * (1 + Double(time) / Double($0.window)) }.min() ?? 0)
        }
    }
}

extension MirrorRules {
    /// The shortest time in which a slot that is in use now can come back, in microseconds.
    fileprivate var shortestTurnover: Int64 { makesRoomAtOnce ? 0 : limits.map(\.window).min() ?? 0 }
}

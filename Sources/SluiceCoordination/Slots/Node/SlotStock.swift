package import SluiceLoop

/// How many slots a node should have in hand before anybody asks, as a pure value: where requests come again and again taking a slot is then
/// a local step, and under a steady load the ledger is asked about once a second however many slots that is.
///
/// It follows the rate of arrivals, and holds nothing unless the mirrors have many times as much free: where limits bind, each slot goes to
/// somebody who waits.
package struct SlotStock: Sendable {
    /// How long the stock should last, in microseconds: as long as the mirrors have plenty for it, between these.
    package static let horizon: ClosedRange<Int64> = 600_000...1_200_000
    /// How long a slot of the stock is kept, in microseconds: longer than the stock lasts, shorter than a slot may wait for its request.
    package static let keep: Int64 = 1_600_000
    /// From so many arrivals a second on the load is steady.
    package static let steadyRate: Double = 50
    /// What is free must be so many times what all nodes would hold; half of that is enough for whoever holds some already, since what all
    /// hold is not free any more.
    package static let plenty = 4
    /// The same where the load is not steady: what is held may then stay unused.
    package static let abundance = 16

    /// Where less is free nothing is held, whoever asks: a node that has just come does not know yet how many others there are.
    package static let leastFree = 120

    private var quick = ArrivalRate(span: 100_000, inertia: 0.25)
    private var slow = ArrivalRate(span: 800_000, inertia: 0)
    /// What the ledger or the leader was asked for and has not given yet.
    private var asked = 0
    /// When the stock is to be filled; nil while it is full, or what fills it was asked for.
    package private(set) var askAt: Instant?

    package init() {}

    /// So many want a slot.
    package mutating func arrived(_ count: Int = 1, now: Instant) {
        quick.arrived(count, now: now)
        slow.arrived(count, now: now)
    }

    /// So many slots were given.
    package mutating func came(_ count: Int) { asked = max(0, asked - count) }

    /// How many slots beyond those for present waiters are to be asked for: at a tick what fills the stock, and before it when no more than a
    /// quarter is left. It does not change until some of it comes, so that a growing wish is not told again and again.
    /// - Parameters:
    ///   - spare: slots in hand that no waiter needs.
    ///   - free: how many the mirrors have left, as far as is known; nil: unknown.
    ///   - nodes: how many may do the same.
    ///   - tick: when stocks are filled.
    package mutating func wanted(spare: Int, free: Int?, nodes: Int, tick: LedgerTick, now: Instant) -> Int {
        let size = size(spare: spare, free: free, nodes: nodes, now: now)
        if asked > 0, 4 * (spare + asked) <= 5 * size, 4 * (spare + asked) >= size { return asked }
        asked = 0
        guard 8 * spare < 7 * size else {
            askAt = nil
            return 0
        }
        let due = askAt ?? tick.next(after: now)
        askAt = due
        if due <= now || 4 * spare <= size { (asked, askAt) = (size - spare, nil) }
        return asked
    }

    /// Whether there is to be any stock. The parameters are those of `wanted`.
    package func isHeld(spare: Int, free: Int?, nodes: Int, now: Instant) -> Bool {
        size(spare: spare, free: free, nodes: nodes, now: now) > 0
    }

    /// Whether many requests come every second.
    package func isSteady(now: Instant) -> Bool { quick.perSecond(now: now) >= Self.steadyRate }

    private func size(spare: Int, free: Int?, nodes: Int, now: Instant) -> Int {
        guard let free, free + spare >= Self.leastFree else { return 0 }
        let isBegun = spare > 0 || asked > 0
        let rate = quick.perSecond(now: now)
        if rate >= Self.steadyRate {
            let least = Int(rate * Double(Self.horizon.lowerBound) / 1e6)
            let most = Int(rate * Double(Self.horizon.upperBound) / 1e6)
            let fitting = (free + min(spare, least)) / (nodes * Self.plenty)
            if fitting >= least { return min(fitting, most) }
            return isBegun && 2 * fitting >= least ? least : 0
        }
        let seldom = min(slow.perSecond(now: now), Self.steadyRate)
        guard seldom > 0 else { return 0 }
        let size = max(1, Int(seldom * Double(Self.horizon.upperBound) / 1e6))
        return (isBegun ? 2 : 1) * (free + min(spare, size)) >= size * nodes * Self.abundance ? size : 0
    }
}

package import SluiceLoop

/// How many slots a node should have in hand before anybody asks, as a pure value: under a steady load of many requests a second
/// taking a slot is then a local step, and the ledger is asked a few times a second however many slots that is.
///
/// It follows the rate of arrivals, and holds nothing below `leastRate` or unless the mirrors have many times as much free: where
/// limits bind, each slot goes to somebody who waits.
package struct SlotStock: Sendable {
    /// How long the stock should last, in microseconds: as long as the mirrors have plenty for it, between these.
    package static let horizon: ClosedRange<Int64> = 600_000...1_200_000
    /// How long a slot of the stock is kept, in microseconds: longer than the stock lasts, shorter than a slot may wait for its request.
    package static let keep: Int64 = 1_600_000
    /// Below so many arrivals a second nothing is held ahead.
    package static let leastRate: Double = 50
    /// What is free must be so many times what all nodes would hold.
    package static let plenty = 4
    /// Arrivals are counted in spans of so many microseconds.
    private static let span: Int64 = 100_000

    private var spanStart = Instant(microseconds: 0)
    private var count = 0
    /// Arrivals in the last span.
    private var last = 0
    /// Arrivals a second: of two spans the lesser, since a burst proves little. It falls to no less than a quarter in one span, so that a
    /// host that was busy with something else for a moment does not make the node begin anew.
    private var rate: Double = 0
    /// What the ledger or the leader was asked for and has not given yet.
    private var asked = 0

    package init() {}

    /// Somebody wants a slot.
    package mutating func arrived(now: Instant) {
        turnOver(now: now)
        count += 1
    }

    /// How many slots beyond those for present waiters are to be asked for: what fills the stock once half of it is gone. It does not
    /// change until some of it comes, so that a growing wish is not told again and again.
    /// - Parameters:
    ///   - spare: slots in hand that no waiter needs.
    ///   - free: how many the mirrors have left, as far as is known; nil: unknown.
    ///   - nodes: how many may do the same.
    package mutating func wanted(spare: Int, free: Int?, nodes: Int, now: Instant) -> Int {
        turnOver(now: now)
        let size = size(free: free, nodes: nodes)
        if 2 * spare >= size {
            asked = 0
        } else if asked == 0 || asked < size / 2 || asked > size {
            asked = size - spare
        }
        return asked
    }

    /// How long a slot that nobody wants is kept for the next to come, in microseconds.
    package func keep(free: Int?, nodes: Int, now: Instant) -> Int64 {
        var copy = self
        copy.turnOver(now: now)
        return copy.size(free: free, nodes: nodes) > 0 ? Self.keep : NodeQueue.keep
    }

    /// Whether so much happens that reports may wait for one another longer.
    package var isSteady: Bool { rate >= Self.leastRate }

    private func size(free: Int?, nodes: Int) -> Int {
        guard isSteady, let free else { return 0 }
        let size = min(Int(rate * Double(Self.horizon.upperBound) / 1e6), free / (nodes * Self.plenty))
        return size >= Int(rate * Double(Self.horizon.lowerBound) / 1e6) ? size : 0
    }

    private mutating func turnOver(now: Instant) {
        while now.microseconds(since: spanStart) >= Self.span {
            rate = max(Double(min(count, last)) * 1e6 / Double(Self.span), rate / 4)
            last = count
            count = 0
            // After a long pause nothing is left to be remembered.
            let isLongAgo = now.microseconds(since: spanStart) >= 8 * Self.span
            spanStart = isLongAgo ? now : spanStart.advanced(byMicroseconds: Self.span)
            if isLongAgo { (last, rate) = (0, 0) }
        }
    }
}

/// Which part of the pool's slots a node gets while it waits for more: measured, since it depends on how much the others want.
package struct ShareGauge: Hashable, Sendable {
    private struct Sample: Hashable, Sendable {
        var own: Int64
        var pool: Int64
    }

    private var samples: [Sample] = []

    /// So many slots of the pool make a measurement.
    private static let fewest: Int64 = 20
    private static let most = 16

    package init() {}

    /// Both counts as they are now; they only grow.
    package mutating func note(own: Int64, pool: Int64) {
        // A ledger that was restored may have lost some.
        if let last = samples.last, pool < last.pool || own < last.own { samples = [] }
        samples.append(Sample(own: own, pool: pool))
        if samples.count > Self.most { samples.removeFirst() }
    }

    /// The node had all it wanted: what it got until now says nothing of its share.
    package mutating func reset() { samples = [] }

    /// Between 0 and 1; nil before enough has been seen.
    package var share: Double? {
        guard let first = samples.first, let last = samples.last, last.pool - first.pool >= Self.fewest else { return nil }
        let own = last.own - first.own
        return own > 0 ? min(1, Double(own) / Double(last.pool - first.pool)) : nil
    }
}

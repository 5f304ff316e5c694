package import SluiceLoop

/// The instants at which all nodes do what can wait: report, fill their stocks, fetch copies, write their metrics.
///
/// A script that Redis runs by itself finds the processor's caches cold and takes several times as long as one that comes right after
/// others. The instants are the multiples of `period` in ledger time, the one clock that nodes share, so nobody has to be told; where a node is
/// mistaken about them its work is dearer and nothing else.
package struct LedgerTick: Hashable, Sendable {
    /// Microseconds between two ticks.
    package static let period: Int64 = 800_000

    /// Ledger time less local time, in microseconds.
    private var offset: Int64 = 0

    package init() {}

    /// Takes in what time the ledger has just said it is.
    package mutating func heard(_ stamp: LedgerStamp, now: Instant) {
        guard !stamp.isInDoubt, !stamp.incarnation.isEmpty else { return }
        offset = stamp.clock &- now.microseconds
    }

    /// The first tick at `instant` or after it.
    package func next(after instant: Instant) -> Instant {
        let past = (instant.microseconds &+ offset) % Self.period
        return past == 0 ? instant : instant.advanced(byMicroseconds: past > 0 ? Self.period - past : -past)
    }

    /// The tick that is nearest to `instant`.
    package func nearest(to instant: Instant) -> Instant { next(after: instant.advanced(byMicroseconds: -Self.period / 2)) }
}

package import SluiceLoop

/// The instants at which all nodes do what can wait: report, fill their stocks, fetch copies, write their metrics.
///
/// A script that Redis runs by itself finds the processor's caches cold and takes several times as long as one that comes right after
/// others. The instants are the multiples of `period` in ledger time, the one clock that nodes share, so nobody has to be told; where a node is
/// mistaken about them its work is dearer and nothing else.
package struct LedgerTick: Hashable, Sendable {
    /// Microseconds between two ticks.
    package static let period: Int64 = 800_000

    /// What ledger time was by one stamp, and which clock that was.
    private struct Reading: Hashable, Sendable {
        let incarnation: String
        let frame: Int64
        let heardAt: Instant
        /// Ledger time less local time, in microseconds.
        let offset: Int64
    }

    private var reading: Reading?

    package init() {}

    /// Takes in what time the ledger said it was, in a reply that has just come.
    ///
    /// A reply that took long tells a time that is past. By that one alone the tick at which it was sent would come once more, and all would
    /// report twice: so the reading that was furthest ahead stays, until clocks that run apart by a thousandth could explain the difference.
    package mutating func heard(_ stamp: LedgerStamp, now: Instant) {
        guard !stamp.isInDoubt, !stamp.incarnation.isEmpty else { return }
        let offset = stamp.clock &- now.microseconds
        if let reading, reading.incarnation == stamp.incarnation, reading.frame == stamp.frame,
            offset < reading.offset &- now.microseconds(since: reading.heardAt) / 1_000
        {
            return
        }
        reading = Reading(incarnation: stamp.incarnation, frame: stamp.frame, heardAt: now, offset: offset)
    }

    /// The first tick at `instant` or after it.
    package func next(after instant: Instant) -> Instant {
        let past = (instant.microseconds &+ (reading?.offset ?? 0)) % Self.period
        return past == 0 ? instant : instant.advanced(byMicroseconds: past > 0 ? Self.period - past : -past)
    }

    /// The tick that is nearest to `instant`.
    package func nearest(to instant: Instant) -> Instant { next(after: instant.advanced(byMicroseconds: -Self.period / 2)) }
}

import Synchronization

/// Whether invalidations reach this process, as a number that makes it possible to distrust every entry at once.
///
/// While the tracking connection stands, the era is a positive number; a new one begins with each connection and each
/// FLUSHALL. An entry remembers the era in which it was read, and is verified only while that era lasts.
package final class TrustEra: Sendable {
    private let last: Atomic<UInt64>
    private let present: Atomic<UInt64>

    /// - Parameter isTracked: false when there is nothing that could change behind our back: then all is verified from the start.
    package init(isTracked: Bool) {
        last = Atomic(1)
        present = Atomic(isTracked ? 0 : 1)
    }

    /// The era that an entry read now belongs to; 0 while invalidations may be lost.
    var current: UInt64 { present.load(ordering: .acquiring) }

    /// Invalidations reach us from now on; what was read before may have changed since.
    func begin() { present.store(last.add(1, ordering: .relaxed).newValue, ordering: .releasing) }

    /// Invalidations no longer reach us.
    func end() { present.store(0, ordering: .releasing) }
}

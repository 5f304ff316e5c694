import SluiceCache

/// One fetch of a flight: the requests that it sends, one after the other, and what is known of how they fared.
final class KeyedFetch {
    let key: Int
    let attempt: UInt64
    /// When Redis gave the right to it away, in true time, and in which life of the data.
    let takenAt: Int64
    let life: Int
    /// The wait for a slot, while there is one.
    var waiter: UInt64?
    /// Whether a request of it has left of which it is not yet known what it was good for.
    var isOpen = false
    var isCancelled = false
    /// What the mirror had when the last request reached it.
    var version: Int64 = 0
    /// Whether Redis has stored what it brought.
    var isStored = false
    /// When a command of its flight failed, or took long beside the lease.
    var troubledAt: Int64 = .min

    init(key: Int, attempt: UInt64, takenAt: Int64, life: Int) {
        self.key = key
        self.attempt = attempt
        self.takenAt = takenAt
        self.life = life
    }
}

internal import SluiceLoop

/// A token bucket; a leaky bucket that refuses what would overflow decides the same. Kept as the one instant at which it would be full
/// (the generic cell rate algorithm of ITU-T I.371).
struct BucketMeter: QuotaMeter {
    private let limit: MirrorLimit
    /// The time in which one token comes back, rounded up.
    private let interval: Int64
    private let size: Int64
    private var fullAt = Instant(microseconds: .min)

    /// Full at first.
    init(_ limit: MirrorLimit, size: Int) {
        self.limit = limit
        interval = (limit.window.microseconds + Int64(limit.count) - 1) / Int64(limit.count)
        self.size = Int64(size)
    }

    mutating func arrive(at now: Instant) -> QuotaRefusal? {
        let tokenAt = fullAt.advanced(byMicroseconds: -(size - 1) * interval)
        guard now >= tokenAt else { return QuotaRefusal(limit: limit, until: tokenAt) }
        fullAt = max(fullAt, now).advanced(byMicroseconds: interval)
        return nil
    }
}

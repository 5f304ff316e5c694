internal import SluiceLoop

/// Measures arrivals against limits by one algorithm. Pure: time comes in with each arrival, and does not go back.
protocol QuotaMeter: Sendable {
    /// Counts an arrival.
    /// - Returns: nil when it is within the limits.
    mutating func arrive(at now: Instant) -> QuotaRefusal?
}

/// One arrival too many.
struct QuotaRefusal: Hashable, Sendable {
    /// The limit that it exceeds.
    let limit: MirrorLimit
    /// From when on one more would be within it, if no other came before.
    let until: Instant
}

import SluiceLoop

/// How many arrive a second, counted in spans: of the last two the lesser, since a burst proves little.
struct ArrivalRate: Sendable {
    /// Microseconds of a span.
    private let span: Int64
    /// How much of the rate is left, at the least, after a span in which fewer came: a host that was busy with something else for a moment
    /// does not make it begin anew.
    private let inertia: Double
    private var spanStart = Instant(microseconds: 0)
    private var count = 0
    /// Arrivals in the span before this.
    private var last = 0
    private var rate: Double = 0

    init(span: Int64, inertia: Double) {
        self.span = span
        self.inertia = inertia
    }

    mutating func arrived(_ number: Int = 1, now: Instant) {
        turnOver(now: now)
        count += number
    }

    /// Arrivals a second.
    func perSecond(now: Instant) -> Double {
        var copy = self
        copy.turnOver(now: now)
        return copy.rate
    }

    private mutating func turnOver(now: Instant) {
        while now.microseconds(since: spanStart) >= span {
            rate = max(Double(min(count, last)) * 1e6 / Double(span), rate * inertia)
            last = count
            count = 0
            // After a long pause nothing is left to be remembered.
            let isLongAgo = now.microseconds(since: spanStart) >= 8 * span
            spanStart = isLongAgo ? now : spanStart.advanced(byMicroseconds: span)
            if isLongAgo { (last, rate) = (0, 0) }
        }
    }
}

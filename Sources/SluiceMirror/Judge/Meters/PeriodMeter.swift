internal import SluiceLoop

/// Counts by periods as long as the window, the first of which began at `start`: a fixed window, or a sliding-window counter.
struct PeriodMeter: QuotaMeter {
    private let rule: MirrorLimit
    private let limit: Int64
    private let length: Int64
    private let start: Instant
    private let weighsPrevious: Bool
    private var period: Int64 = 0
    private var current: Int64 = 0
    private var previous: Int64 = 0

    /// - Parameter weighsPrevious: whether the previous period counts for the part of it that the window still covers.
    init(_ limit: MirrorLimit, from start: Instant, weighsPrevious: Bool) {
        rule = limit
        self.limit = Int64(limit.count)
        length = limit.window.microseconds
        self.start = start
        self.weighsPrevious = weighsPrevious
    }

    mutating func arrive(at now: Instant) -> QuotaRefusal? {
        let age = max(0, now.microseconds(since: start))
        let index = age / length
        if index != period {
            previous = weighsPrevious && index == period + 1 ? current : 0
            current = 0
            period = index
        }
        current += 1
        // In units of a request times the window's microseconds, so that nothing is rounded.
        let left = length - age % length
        guard previous * left + current * length > limit * length else { return nil }
        return QuotaRefusal(limit: rule, until: room())
    }

    /// The earliest instant at which one more would be within the limit.
    private func room() -> Instant {
        let end = start.advanced(byMicroseconds: (period + 1) * length)
        if current + 1 <= limit {
            // Still in this period, once the previous one weighs less.
            let left = (limit - current - 1) * length / max(1, previous)
            if left > 0 { return end.advanced(byMicroseconds: -left) }
        }
        guard weighsPrevious else { return end }
        // In the next period, where this one is the previous.
        let left = min(length, (limit - 1) * length / max(1, current))
        return end.advanced(byMicroseconds: length - left)
    }
}

internal import SluiceLoop

/// True sliding windows.
struct LogMeter: QuotaMeter {
    private var judge: SlidingWindowJudge

    init(_ limits: [MirrorLimit]) { judge = SlidingWindowJudge(limits: limits) }

    mutating func arrive(at now: Instant) -> QuotaRefusal? {
        switch judge.arrive(at: now) {
        case .accepted: nil
        case .violation(let limit, let until): QuotaRefusal(limit: limit, until: until)
        }
    }
}

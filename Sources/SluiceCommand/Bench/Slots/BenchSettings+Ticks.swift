import SluiceCoordination

extension BenchSettings {
    /// The length of a round at a fixed rate, in milliseconds: at least the span, and as many whole ticks, at which nodes do what can wait. A
    /// round of another length would hold more of them, or fewer, than its share.
    var millisecondsOfTicks: Int {
        let period = Int(LedgerTick.period / 1_000)
        return max(1, (Int(seconds * 1_000) + period - 1) / period) * period
    }
}

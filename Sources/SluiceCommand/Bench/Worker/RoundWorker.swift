/// Who does the rounds of a benchmark's process.
protocol RoundWorker: Sendable {
    /// Does the work once and says what was had; how long it took is added by `round()`.
    func work(from start: ContinuousClock.Instant) async throws -> BenchTally
    /// Ends what it began.
    func close() async
}

extension RoundWorker {
    /// Does the work once.
    func round() async throws -> BenchTally {
        let begin = ProcessorTime.own
        let start = ContinuousClock.now
        var tally = try await work(from: start)
        tally.seconds = Double((ContinuousClock.now - start).nanoseconds) / 1e9
        tally.processorSeconds = ProcessorTime.own - begin
        return tally
    }
}

import SluiceLoop

/// Calls at an even rate, whatever becomes of them.
struct PacedCalls: Sendable {
    /// Calls a second.
    let rate: Int
    /// From one look at what is due to the next at least, in microseconds.
    let pause: Int64
    let loop: EventLoop

    /// Begins the calls that are due, does not wait for them until the end, and tallies how long each took from
    /// when it was begun with the others; that its task had to wait for a thread is in it.
    /// - Parameter call: returns when it had what it asked for.
    func run(
        from start: ContinuousClock.Instant, until deadline: ContinuousClock.Instant,
        _ call: @escaping @Sendable () async throws -> ContinuousClock.Instant
    ) async throws -> BenchTally {
        try await withThrowingTaskGroup(of: Int64.self) { group in
            var begun = 0
            while true {
                let now = ContinuousClock.now
                guard now < deadline else { break }
                let due = Int(Double((now - start).nanoseconds) / 1e9 * Double(rate)) - begun
                for _ in 0..<max(0, due) { group.addTask { (try await call() - now).nanoseconds } }
                begun += max(0, due)
                let next = start + .nanoseconds(Int64(Double(begun + 1) / Double(rate) * 1e9))
                let pause = max(pause, (next - .now).nanoseconds / 1_000)
                try await loop.sleep(until: Instant.now.advanced(byMicroseconds: pause))
            }
            return try await group.reduce(into: BenchTally()) { tally, wait in
                tally.slots += 1
                tally.waits.add(wait)
            }
        }
    }
}

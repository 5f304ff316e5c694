import Sluice
import SluiceLoop
import SluiceRedis

/// Takes slots of a pool in the way that a benchmark asks for, by the call that a user would make.
final class SlotTaker: Sendable {
    private let pool: MirrorPool
    private let options: BenchWorkerOptions
    private let loop: EventLoop
    /// For plain GETs, as the slots' yardstick.
    private let client: RedisClient

    init(pool: MirrorPool, options: BenchWorkerOptions, loop: EventLoop) async throws {
        self.pool = pool
        self.options = options
        self.loop = loop
        client = RedisClient(endpoint: try RedisEndpoint(url: options.redis), loop: loop)
        await client.start()
        try await client.command("PING")
    }

    func close() async { await client.shutDown() }

    /// Does the work once.
    func round() async throws -> BenchTally {
        let begin = ProcessorTime.own
        let start = ContinuousClock.now
        let deadline = start + .milliseconds(options.milliseconds)
        var tally =
            switch options.work {
            case .flood: try await flood(until: deadline)
            case .pace: try await pace(from: start, until: deadline)
            case .ask: try await ask(until: deadline)
            case .serve, .soak: BenchTally()
            }
        tally.seconds = Double((ContinuousClock.now - start).nanoseconds) / 1e9
        tally.processorSeconds = ProcessorTime.own - begin
        return tally
    }

    private func flood(until deadline: ContinuousClock.Instant) async throws -> BenchTally {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<options.tasks {
                group.addTask { [pool] in
                    var count = 0
                    repeat {
                        try await pool.withSlot { _ in }
                        count += 1
                    } while ContinuousClock.now < deadline
                    return count
                }
            }
            return try await group.reduce(into: BenchTally()) { $0.slots += $1 }
        }
    }

    /// Begins calls at an even rate, about every millisecond those that are due, and does not wait for them.
    private func pace(from start: ContinuousClock.Instant, until deadline: ContinuousClock.Instant) async throws -> BenchTally {
        try await withThrowingTaskGroup(of: Int64.self) { group in
            var begun = 0
            while true {
                let now = ContinuousClock.now
                guard now < deadline else { break }
                let due = Int(Double((now - start).nanoseconds) / 1e9 * Double(options.rate)) - begun
                for _ in 0..<max(0, due) { group.addTask { [pool] in try await Self.wait(for: pool) } }
                begun += max(0, due)
                try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 1_000))
            }
            return try await group.reduce(into: BenchTally()) { tally, wait in
                tally.slots += 1
                tally.waits.add(wait)
            }
        }
    }

    /// Takes turns between a slot and a plain GET, with a rest after each in which nothing is under way: so seldom that the node holds
    /// nothing ahead.
    private func ask(until deadline: ContinuousClock.Instant) async throws -> BenchTally {
        var tally = BenchTally()
        repeat {
            try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 20_000))
            let start = ContinuousClock.now
            try await client.command("GET", "nothing")
            tally.gets.add((ContinuousClock.now - start).nanoseconds)
            try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 20_000))
            tally.waits.add(try await Self.wait(for: pool))
            tally.slots += 1
        } while ContinuousClock.now < deadline
        return tally
    }

    /// Nanoseconds from asking for a slot until having it.
    private static func wait(for pool: MirrorPool) async throws -> Int64 {
        let start = ContinuousClock.now
        return try await pool.withSlot { _ in (ContinuousClock.now - start).nanoseconds }
    }
}

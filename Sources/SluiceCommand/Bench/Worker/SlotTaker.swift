import Sluice
import SluiceLoop
import SluiceRedis

/// Takes slots of a pool in the way that a benchmark asks for, by the call that a user would make.
final class SlotTaker: RoundWorker {
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

    func work(from start: ContinuousClock.Instant) async throws -> BenchTally {
        let deadline = start + .milliseconds(options.milliseconds)
        return switch options.work {
        case .flood: try await flood(until: deadline)
        case .pace:
            try await PacedCalls(rate: options.rate, pause: Int64(options.pause), loop: loop).run(from: start, until: deadline) { [pool] in
                try await pool.withSlot { _ in .now }
            }
        case .ask: try await ask(until: deadline)
        case .script, .serve, .soak: preconditionFailure("\(options.work) takes no slots")
        }
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

    /// Takes turns between a slot and a plain GET, with a rest after each in which nothing is under way.
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

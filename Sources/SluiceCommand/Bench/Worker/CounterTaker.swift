import SluiceLoop
import SluiceRedis

/// Takes permits as a user without Sluice would: each asks Redis by a script of its own.
final class CounterTaker: RoundWorker {
    private let calls: PacedCalls
    private let milliseconds: Int
    private let client: RedisClient

    init(options: BenchWorkerOptions, loop: EventLoop) async throws {
        calls = PacedCalls(rate: options.rate, pause: Int64(options.pause), loop: loop)
        milliseconds = options.milliseconds
        client = RedisClient(endpoint: try RedisEndpoint(url: options.redis), loop: loop)
        await client.start()
        try await Self.take(client)
    }

    func close() async { await client.shutDown() }

    func work(from start: ContinuousClock.Instant) async throws -> BenchTally {
        try await calls.run(from: start, until: start + .milliseconds(milliseconds)) { [client] in
            try await Self.take(client)
            return .now
        }
    }

    private static func take(_ client: RedisClient) async throws {
        _ = try await client.run(CounterScript.script, keys: [CounterScript.key], arguments: [CounterScript.window])
    }
}

import SluiceLoop
import SluiceRedis
import Synchronization

/// Tasks that ask a Redis for the same key over and over, through one client.
final class RedisLoad: Sendable {
    /// Where the tasks run.
    enum Place: String, CaseIterable, Sendable {
        /// On the client's own loop, as the library's parts do.
        case onLoop = "loop"
        /// On the pool of threads that Swift's tasks share.
        case onPool = "pool"

        var text: String { self == .onLoop ? "on the loop" : "on other threads" }
    }

    struct Result: Sendable {
        var count = 0
        var perSecond = 0.0
        var processorSeconds = 0.0
        var latencies = Latencies()
    }

    private let loop = EventLoop(name: "bench-redis")
    private let client: RedisClient
    private let seconds: Double

    /// Connects.
    init(url: String, seconds: Double) async throws {
        client = RedisClient(endpoint: try RedisEndpoint(url: url), loop: loop)
        self.seconds = seconds
        await client.start()
        do { try await client.command("PING") } catch {
            await close()
            throw error
        }
    }

    func close() async {
        await client.shutDown()
        await loop.shutDown()
    }

    /// Asks for `seconds`, and says how often and at which cost.
    func run(_ key: String, tasks: Int, _ place: Place) async throws -> Result {
        let startedAt = Instant.now
        let deadline = startedAt.advanced(byMicroseconds: Int64(seconds * 1e6))
        let begin = ProcessorTime.own
        var result = try await withThrowingTaskGroup(of: Result.self) { group in
            for _ in 0..<tasks {
                switch place {
                case .onLoop: group.addTask(executorPreference: loop) { try await self.ask(key, until: deadline, timed: tasks == 1) }
                case .onPool: group.addTask { try await self.ask(key, until: deadline, timed: tasks == 1) }
                }
            }
            return try await group.reduce(into: Result()) { sum, one in
                sum.count += one.count
                if tasks == 1 { sum.latencies = one.latencies }
            }
        }
        result.processorSeconds = ProcessorTime.own - begin
        result.perSecond = Double(result.count) / (Double(Instant.now.microseconds(since: startedAt)) / 1e6)
        return result
    }

    private nonisolated func ask(_ key: String, until deadline: Instant, timed: Bool) async throws -> Result {
        var result = Result()
        let clock = ContinuousClock()
        var last = clock.now
        repeat {
            guard case .bulk = try await client.command("GET", key) else { throw BenchError("GET \(key) brought no value; this is a bug") }
            result.count += 1
            if timed {
                let now = clock.now
                result.latencies.add((now - last).nanoseconds)
                last = now
            }
        } while Instant.now < deadline
        return result
    }
}

extension Duration {
    /// In whole nanoseconds; for spans of a few hours at most.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}

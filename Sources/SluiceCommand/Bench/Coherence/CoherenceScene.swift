import SluiceCache
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Synchronization

/// A Redis of its own, a client that writes, and a cache that reads: each on a thread of its own, put together as in a pool.
final class CoherenceScene: Sendable {
    private static let prefix = "sluice:{bench}:"
    private static let path = "/posts/1"

    private let server: RedisServer
    private let writing = EventLoop(name: "writer")
    private let reading = EventLoop(name: "reader")
    private let writer: RedisClient
    private let reader: RedisClient
    private let subscriber: RedisSubscriber
    private let cache: ResponseCache
    private let key: CacheKey
    /// When writes of others had taken effect in the cache; it ends with the connection.
    private let heard: AsyncStream<ContinuousClock.Instant>
    private let effects: AsyncStream<ContinuousClock.Instant>.Continuation
    /// How often a mirror would have been asked.
    private let fetches = Atomic(0)

    /// Starts all of it, and returns when the reader is told of writes.
    init() async throws {
        server = try await RedisServer()
        let (connected, connections) = AsyncStream.makeStream(of: Void.self)
        let (heard, effects) = AsyncStream.makeStream(of: ContinuousClock.Instant.self)
        do {
            let endpoint = try RedisEndpoint(url: server.url)
            writer = RedisClient(endpoint: endpoint, loop: writing)
            reader = RedisClient(endpoint: endpoint, loop: reading)
            let cache = ResponseCache(loop: reading, redis: reader, prefix: Self.prefix)
            subscriber = RedisSubscriber(endpoint: endpoint, loop: reading, trackingPrefix: cache.trackedPrefix) { event in
                switch event {
                case .connected:
                    cache.assumeIsolated { $0.connectionRestored() }
                    connections.yield()
                case .disconnected:
                    cache.assumeIsolated { $0.connectionLost() }
                    connections.finish()
                    effects.finish()
                case .invalidated(let keys):
                    cache.assumeIsolated { $0.invalidated(keys: keys) }
                    effects.yield(.now)
                case .message: break
                }
            }
            key = try CacheKey(target: Self.path)
            self.cache = cache
            self.heard = heard
            self.effects = effects
        } catch {
            await writing.shutDown()
            await reading.shutDown()
            await server.stop()
            throw error
        }
        await writer.start()
        await reader.start()
        await subscriber.start()
        let patience = Self.afterwards(.seconds(30)) { connections.finish() }
        defer { patience.cancel() }
        var isConnected = false
        for await _ in connected {
            isConnected = true
            break
        }
        guard isConnected else {
            await close()
            throw Self.lost
        }
    }

    private static let lost = BenchError("nothing was heard of a write, or the connection broke that tells of it; run the benchmark again")

    /// Does something when so much time has passed, unless it is cancelled before.
    private static func afterwards(_ span: Duration, _ body: @escaping @Sendable () -> Void) -> Task<Void, Never> {
        Task { if (try? await Task.sleep(for: span)) != nil { body() } }
    }

    func close() async {
        await cache.shutDown()
        await subscriber.shutDown()
        await reader.shutDown()
        await writer.shutDown()
        await writing.shutDown()
        await reading.shutDown()
        await server.stop()
    }

    /// A GET and a write by turns, one after the other.
    /// - Returns: how long the GETs took, and how long the old answer was served.
    func round(seconds: Double) async throws -> (trips: Latencies, delays: Latencies) {
        let patience = Self.afterwards(.seconds(seconds + 30)) { [effects] in effects.finish() }
        defer { patience.cancel() }
        return try await withTaskExecutorPreference(writing) {
            var (trips, delays) = (Latencies(), Latencies())
            let deadline = ContinuousClock.now + .seconds(seconds)
            repeat {
                try await remember()
                let asked = ContinuousClock.now
                try await writer.command("GET", "nothing")
                trips.add((ContinuousClock.now - asked).nanoseconds)
                let wrote = ContinuousClock.now
                // The answer itself stays the same, so that one small command makes it good again.
                try await writer.command("HSET", Self.prefix + "cache:GET:" + Self.path, "note", "\(trips.count)")
                let before = delays.count
                for await effect in heard where effect > wrote {
                    delays.add((effect - wrote).nanoseconds)
                    break
                }
                guard delays.count > before else { throw Self.lost }
                guard cache.memoryHit(for: key) == nil else { throw BenchError("the old answer is still served; report this as a bug") }
            } while ContinuousClock.now < deadline
            guard fetches.load(ordering: .relaxed) == 1 else {
                throw BenchError("a write by another client had a mirror asked again; report this as a bug")
            }
            return (trips, delays)
        }
    }

    /// Lets the reader have the answer in memory.
    private func remember() async throws {
        while cache.memoryHit(for: key) == nil {
            _ = try await cache.answer(for: key, deadline: .now.advanced(by: .seconds(60))) { [self] _ in
                fetches.add(1, ordering: .relaxed)
                return FetchedResponse(
                    status: 200, headers: [("Cache-Control", "max-age=86400")], body: .init(repeating: 7, count: 100), mirror: "m",
                    receivedAt: .now)
            }
        }
    }
}

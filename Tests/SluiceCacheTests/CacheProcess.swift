import SluiceHarness
import SluiceLoop
import SluiceRedis
import Synchronization
import Testing

@testable import SluiceCache

/// One “process”: its own loop, client, subscriber and cache.
final class CacheProcess: Sendable {
    let loop: EventLoop
    let client: RedisClient
    let cache: ResponseCache
    let subscriber: RedisSubscriber
    let signals: Signals

    init(_ url: String, options: CacheOptions = .init()) async throws {
        let loop = EventLoop(name: "process")
        let endpoint = try RedisEndpoint(url: url)
        // Time enough for a machine that stands still.
        var patient = RedisClientOptions()
        (patient.connectTimeout, patient.commandTimeout) = (.seconds(60), .seconds(60))
        let client = RedisClient(endpoint: endpoint, loop: loop, options: patient)
        let cache = ResponseCache(loop: loop, redis: client, prefix: "sluice:{t}:", options: options)
        let signals = Signals()
        self.loop = loop
        self.client = client
        self.cache = cache
        self.signals = signals
        subscriber = RedisSubscriber(
            endpoint: endpoint, loop: loop, options: patient, trackingPrefix: cache.trackedPrefix
        ) { event in
            cache.assumeIsolated { cache in
                switch event {
                case .connected: cache.connectionRestored()
                case .disconnected: cache.connectionLost()
                case .invalidated(let keys): cache.invalidated(keys: keys)
                case .message: break
                }
            }
            signals.note(event)
        }
        await client.start()
        await subscriber.start()
        await signals.wait { $0.connections == 1 }
    }

    func shutDown() async {
        await cache.shutDown()
        await subscriber.shutDown()
        await client.shutDown()
        await loop.shutDown()
    }
}

/// What a process's subscriber has heard, so that tests can wait for it.
final class Signals: Sendable {
    struct Heard: Sendable {
        var connections = 0
        var losses = 0
        var flushes = 0
        var keys: [String: Int] = [:]
    }

    private struct State {
        var heard = Heard()
        var watchers: [(isDue: @Sendable (Heard) -> Bool, CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var heard: Heard { state.withLock { $0.heard } }

    func note(_ event: RedisSubscriber.Event) {
        let due = state.withLock { state in
            switch event {
            case .connected: state.heard.connections += 1
            case .disconnected: state.heard.losses += 1
            case .invalidated(let keys):
                guard let keys else {
                    state.heard.flushes += 1
                    break
                }
                for key in keys { state.heard.keys[key, default: 0] += 1 }
            case .message: break
            }
            let heard = state.heard
            defer { state.watchers.removeAll { $0.isDue(heard) } }
            return state.watchers.filter { $0.isDue(heard) }
        }
        for watcher in due { watcher.1.resume() }
    }

    func wait(until isDue: @escaping @Sendable (Heard) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isNow = state.withLock { state in
                if isDue(state.heard) { return true }
                state.watchers.append((isDue, continuation))
                return false
            }
            if isNow { continuation.resume() }
        }
    }
}

/// A real Redis on a socket of its own: no other test's client can come upon it, as on a port that is free for a moment.
func privateRedis() async throws -> RedisServer {
    var options = RedisServerOptions()
    options.unixSocket = true
    return try await RedisServer(options)
}

/// Several processes on one real Redis.
func withProcesses(
    _ count: Int, options: CacheOptions = .init(), _ body: (RedisServer, [CacheProcess]) async throws -> Void
) async throws {
    let server = try await privateRedis()
    var processes: [CacheProcess] = []
    var failure: (any Error)?
    do {
        for _ in 0..<count { processes.append(try await CacheProcess(server.url, options: options)) }
        try await body(server, processes)
    } catch { failure = error }
    for process in processes { await process.shutDown() }
    await server.kill()
    if let failure { throw failure }
}

extension CacheAnswer {
    var text: String { String(decoding: record.body, as: UTF8.self) }
}

extension ResponseCache {
    /// Stores a collection's items; what became of them.
    func outcomes(_ items: [CacheItem], from collection: CacheAnswer) async throws -> [CacheItem.Outcome] {
        var outcomes: [CacheItem.Outcome] = []
        try await warm(items, from: collection, tags: []) { outcomes.append($0) }
        return outcomes
    }
}

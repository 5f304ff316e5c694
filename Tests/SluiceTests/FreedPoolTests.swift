import SluiceHarness
import SluiceLoop
import SluiceMirror
import Testing

@testable import Sluice

@Suite(.timeLimit(.minutes(10))) struct FreedPoolTests {
    /// What must not outlive its pool: the parts of it, its answers among them.
    private struct Remains {
        weak var core: PoolCore?
        weak var loop: EventLoop?
        weak var coordinator: AnyObject?
        weak var cache: AnyObject?
        weak var redis: AnyObject?
        weak var http: AnyObject?
        weak var permits: AnyObject?

        init(_ core: PoolCore) {
            (self.core, loop, coordinator, cache) = (core, core.loop, core.coordinator, core.cache)
            (redis, http, permits) = (core.redis, core.http, core.permits)
        }

        var names: [String] {
            let parts: [(String, AnyObject?)] = [
                ("core", core), ("loop", loop), ("coordinator", coordinator), ("cache", cache), ("redis", redis), ("http", http),
                ("permits", permits),
            ]
            return parts.compactMap { $1 == nil ? nil : $0 }
        }
    }

    @Test(arguments: [false, true]) func `a pool that was shut down leaves nothing in memory`(shared: Bool) async throws {
        let judges = try await Judges(limit: .init(30, per: .seconds(6)))
        let redis = shared ? try await RedisServer() : nil
        let remains = try await used(judges.configuration(redis: redis?.url))
        try? await eventually("the end of all its parts", patience: .seconds(60)) { remains.names.isEmpty }
        #expect(remains.names == [])
        await redis?.stop()
        await judges.shutDown()
    }

    /// A pool at its end, after calls of each kind, some of them under way.
    private func used(_ configuration: PoolConfiguration) async throws -> Remains {
        let pool = try await MirrorPool(configuration)
        #expect(try await pool.get("/posts/1").status == 200)
        #expect(try await pool.send(PoolRequest(method: "POST", path: "/posts")).status < 500)
        try await pool.withSlot { _ in }
        if configuration.redis != nil { try await pool.lock("lock").withLock { _ in } }
        let left = (2...9).map { post in Task { try await pool.get("/posts/\(post)") } }
        left[0].cancel()
        let remains = Remains(pool.core)
        await pool.shutDown(grace: .zero)
        for call in left { _ = await call.result }
        return remains
    }

    @Test(arguments: [false, true]) func `a pool that nobody has any more ends by itself, and gives back what it held`(shared: Bool)
        async throws
    {
        let judges = try await Judges(limit: .init(30, per: .seconds(6)))
        let redis = shared ? try await RedisServer() : nil
        let remains = try await dropped(judges.configuration(redis: redis?.url), redis)
        try? await eventually("the end of all its parts", patience: .seconds(60)) { remains.names.isEmpty }
        #expect(remains.names == [])
        if let redis { #expect(try await held(at: redis) == []) }
        await redis?.stop()
        await judges.shutDown()
    }

    /// A pool after calls of each kind, that is dropped.
    private func dropped(_ configuration: PoolConfiguration, _ redis: RedisServer?) async throws -> Remains {
        let pool = try await MirrorPool(configuration)
        #expect(try await pool.get("/posts/1", options: CallOptions(deadline: .seconds(300))).status == 200)
        #expect(try await pool.send(PoolRequest(method: "POST", path: "/posts")).status < 500)
        try await pool.withSlot { _ in }
        if let redis {
            try await pool.lock("lock").withLock { _ in }
            try await eventually("a leader, its figures and its connections", patience: .seconds(60)) {
                try await held(at: redis).count == 5
            }
        }
        return Remains(pool.core)
    }

    /// The lease, the figures of node and leader, and the connections.
    private func held(at redis: RedisServer) async throws -> [String] {
        let keys = try await redis.cli("KEYS", "*").split(separator: "\n").map(String.init)
        let clients = try await redis.cli("CLIENT", "LIST").split(separator: "\n").filter { $0.contains("name=sluice") }
        return keys.filter { $0.hasSuffix(":leader") || $0.contains(":metrics:node:") || $0.hasSuffix(":metrics:leader") }
            + clients.map(String.init)
    }
}

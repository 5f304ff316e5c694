import SluiceLoop
import Testing

@testable import Sluice

/// What errors say to somebody who knows nothing of the pool's parts.
@Suite(.timeLimit(.minutes(5))) struct PoolErrorTests {
    /// Neither Redis nor a mirror listens.
    private var nobodyThere: PoolConfiguration {
        let mirror = MirrorConfiguration(url: "http://127.0.0.1:1", limits: [.init(1, per: .seconds(1))])
        var configuration = PoolConfiguration(mirrors: [mirror])
        configuration.redis = "redis://127.0.0.1:1"
        return configuration
    }

    @Test func `each call of a pool that was shut down says so`() async throws {
        let pool = try await MirrorPool(nobodyThere)
        let lock = try pool.lock("lock")
        await pool.shutDown(grace: .zero)
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await pool.get("/posts/1") }, { _ = try await pool.send(PoolRequest(method: "POST", path: "/posts")) },
            { try await pool.withSlot { _ in } }, { _ = try await lock.acquire() }, { _ = try await pool.status() },
            { try await pool.purge("/posts/1") }, { try await pool.purge(prefix: "/posts") }, { try await pool.purgeEverything() },
            { try await pool.purge(tag: "tag") },
        ]
        for call in calls {
            let error = await #expect(throws: SluiceError.self) { try await call() }
            #expect(error?.code == .shutDown)
            #expect(error.map { "\($0)" } == "the pool is shut down; make a new one")
        }
    }

    @Test func `a call in vain for Redis says once why it cannot be reached, and where`() async throws {
        var configuration = nobodyThere
        configuration.deadline = .milliseconds(500)
        let pool = try await MirrorPool(configuration)
        let calls: [@Sendable () async throws -> Void] = [
            { _ = try await pool.get("/posts/1") }, { _ = try await pool.status() }, { try await pool.purge("/posts/1") },
            { try await pool.withSlot { _ in } }, { _ = try await pool.lock("lock").acquire() },
        ]
        for (place, call) in calls.enumerated() {
            let error = await #expect(throws: SluiceError.self) { try await call() }
            #expect(error?.code == .coordinatorUnavailable, "call \(place)")
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains("127.0.0.1:1"), "call \(place): \(text)")
            #expect(text.ranges(of: "connection refused").count == 1, "call \(place): \(text)")
        }
        await pool.shutDown(grace: .zero)
    }
}

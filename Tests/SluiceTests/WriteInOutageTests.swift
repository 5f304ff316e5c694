import Sluice
import SluiceHarness
import SluiceMirror
import Testing

/// What a write has changed is forgotten everywhere, also when Redis could not be told at that moment.
@Suite(.timeLimit(.minutes(10))) struct WriteInOutageTests {
    private func withPools(latency: String = "0ms", _ body: (RedisServer, Judges, [MirrorPool]) async throws -> Void) async throws {
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)), latency: latency)
        let server = try await RedisServer()
        var configuration = judges.configuration(redis: server.url)
        configuration.cache.fresh = .seconds(3_600)
        configuration.cache.refreshesAhead = false
        let pools = [try await MirrorPool(configuration), try await MirrorPool(configuration)]
        var failure: (any Error)?
        do { try await body(server, judges, pools) } catch { failure = error }
        for pool in pools { await pool.shutDown(grace: .zero) }
        await server.kill()
        await judges.shutDown()
        if let failure { throw failure }
    }

    @Test func `Redis takes no writes when a write succeeds: as soon as it does, nobody is given the old answer`() async throws {
        try await withPools(latency: "500ms") { server, judges, pools in
            for pool in pools { _ = try await pool.get("/posts") }
            #expect(await judges.requests == 1)
            let write = Task { try await pools[0].send(.post("/posts", body: Array("{}".utf8))) }
            try await eventually("the write is at the mirror") { await judges.requests == 2 }
            try await server.cli("CONFIG", "SET", "min-replicas-to-write", "1")
            _ = try await write.value
            try await server.cli("CONFIG", "SET", "min-replicas-to-write", "0")
            for pool in pools {
                try await eventually("a newer answer") {
                    _ = try await pool.get("/posts")
                    return await judges.requests == 3
                }
            }
        }
    }

    @Test func `parameters that are no part of the key are none of what a write changes`() async throws {
        try await withPools { _, judges, pools in
            let options = CallOptions(dropsParameters: ["session"])
            for pool in pools { _ = try await pool.get("/posts?session=7", options: options) }
            _ = try await pools[0].send(.post("/posts?session=8", body: Array("{}".utf8)), options: options)
            #expect(await judges.requests == 2)
            _ = try await pools[0].get("/posts?session=9", options: options)
            #expect(await judges.requests == 3)
        }
    }
}

import Sluice
import SluiceHarness
import SluiceLoop
import Testing

/// G4 when the server changes under the pool: memory trusts nothing that the new master has not confirmed.
@Suite(.timeLimit(.minutes(2))) struct FailoverCoherenceTests {
    @Test
    func `after a failover nobody serves as fresh what the new master has not: it is asked for once more, and kept where it is there`()
        async throws
    {
        let judges = try await Judges(limit: .init(30, per: .seconds(1)))
        let master = try await RedisServer()
        let replica = try await RedisServer(
            .init(extraArguments: ["--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", "\(master.port)"]))
        let sentinel = try await RedisSentinel(watching: master.port)
        var configuration = judges.configuration(redis: "redis+sentinel://127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)")
        // What nobody remembers after the failover is withheld for as long as a request may take, among others.
        configuration.timeout = .seconds(1)
        let pools = [try await MirrorPool(configuration), try await MirrorPool(configuration)]
        for pool in pools {
            for path in ["/posts/1", "/posts/2"] { _ = try await pool.get(path) }
        }
        #expect(await judges.requests == 2)
        try await until("the replica has both") {
            try await replica.cli("KEYS", "*cache:GET:*").split(separator: "\n").count == 2
        }

        await master.kill()
        try await until("the replica's promotion") {
            guard try await sentinel.masterPort() == replica.port else { return false }
            return try await replica.cli("ROLE").hasPrefix("master")
        }
        // Gone from the new master, where nobody may have subscribed yet.
        #expect(try await replica.cli("DEL", "sluice:{default}:cache:GET:/posts/1") == "1")
        let deleted = Instant.now
        for pool in pools {
            // Out of reach of Redis, what is in memory is served as stale; a fresh answer can only be a new one.
            try await until("a fresh answer") {
                let answer = try await pool.get("/posts/1")
                guard !answer.isStale else { return false }
                #expect(answer.age < Instant.now.duration(since: deleted))
                return true
            }
            try await until("the other, confirmed") { try await !pool.get("/posts/2").isStale }
        }
        #expect(await judges.requests == 3, "one for what is gone, none for what is there")
        #expect(await judges.violations == 0)
        for pool in pools { await pool.shutDown() }
        await sentinel.stop()
        await replica.stop()
        await judges.shutDown()
    }

    private func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let patience = Instant.now.advanced(by: .seconds(40))
        while try await !holds() {
            guard Instant.now < patience else { throw HarnessError("\(what) did not come about within 40 s") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

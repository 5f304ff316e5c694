import Sluice
import SluiceHarness
import SluiceLoop
import Testing

/// G4 when the server changes under the pool: memory trusts nothing that the new master has not confirmed.
@Suite(.timeLimit(.minutes(10))) struct FailoverCoherenceTests {
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

    @Test
    func `when the server's name leads to another while the old one lives, and only commands notice, memory believes the old one no more`()
        async throws
    {
        let judges = try await Judges(limit: .init(30, per: .seconds(1)))
        let old = try await RedisServer()
        let new = try await RedisServer(
            .init(extraArguments: ["--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1", "\(old.port)"]))
        let proxy = try TCPProxy(to: old.port)
        var configuration = judges.configuration(redis: "redis://127.0.0.1:\(proxy.port)")
        // What nobody remembers after the failover is withheld for as long as a request may take, among others.
        configuration.timeout = .seconds(1)
        configuration.cache.fresh = .seconds(600)
        configuration.cache.refreshesAhead = false
        let pool = try await MirrorPool(configuration)
        try await until("it is in memory") { try await pool.get("/posts/1").source == .memory }
        try await until("the new server has it") {
            try await new.cli("KEYS", "*cache:GET:*").split(separator: "\n").count == 1
        }

        try await new.cli("REPLICAOF", "NO", "ONE")
        proxy.lead(to: new.port)
        try await old.cli("CLIENT", "KILL", "TYPE", "normal")
        try await until("commands go to the new server") {
            try await new.cli("CLIENT", "LIST").split(separator: "\n").contains { $0.contains("name=sluice-") && !$0.contains("-sub ") }
        }
        #expect(try await new.cli("DEL", "sluice:{default}:cache:GET:/posts/1") == "1")
        let deleted = Instant.now
        try await until("a fresh answer") {
            let answer = try await pool.get("/posts/1")
            guard !answer.isStale else { return false }
            // A read that was under way when the record was deleted.
            return answer.age < Instant.now.duration(since: deleted)
        }
        // Messages come from the new server, too: what is in memory is trusted, until the record is deleted there.
        try await until("it is trusted again") { try await pool.get("/posts/1").source == .memory }
        let requests = await judges.requests
        #expect(try await new.cli("DEL", "sluice:{default}:cache:GET:/posts/1") == "1")
        try await until("the message") {
            _ = try await pool.get("/posts/1")
            return await judges.requests > requests
        }
        #expect(await judges.violations == 0)
        await pool.shutDown()
        proxy.stop()
        await new.stop()
        await old.stop()
        await judges.shutDown()
    }

    private func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let patience = Instant.now.advanced(by: .seconds(120))
        while try await !holds() {
            guard Instant.now < patience else { throw HarnessError("\(what) did not come about within 120 s") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

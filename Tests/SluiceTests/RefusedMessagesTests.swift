import Sluice
import SluiceHarness
import SluiceLoop
import Synchronization
import Testing

/// A Redis that is there and sends no messages, since its user may not hear them. Everything that can do without them goes on.
@Suite(.timeLimit(.minutes(10)), .serialized) struct RefusedMessagesTests {
    @Test(arguments: [["resetchannels", "&sluice:*"], ["-client|tracking"]])
    func `who is refused messages is told so once, is served and fetches all the same, and hears again by itself`(right: [String])
        async throws
    {
        let judges = try await Judges(limit: .init(20, per: .seconds(1)))
        let redis = try await RedisServer()
        try await redis.cli(["ACL", "SETUSER", "default"] + right)
        let said = Mutex<[String]>([])
        func count(of words: String) -> Int { said.withLock { lines in lines.count { $0.contains(words) } } }
        var configuration = judges.configuration(redis: redis.url)
        configuration.log = { line in said.withLock { $0.append(line) } }
        let pools = [try await MirrorPool(configuration), try await MirrorPool(configuration)]
        try await until("both are told") { count(of: "Redis sends this process no messages") == 2 }
        #expect(count(of: "its user may not hear them; give it the rights that deploy/users.acl names") == 2)
        #expect(count(of: right[0] == "resetchannels" ? "channels" : "client|tracking' command") == 2)

        // Each is asked for in both processes at once.
        for number in 1...3 {
            async let one = pools[0].get("/posts/\(number)")
            async let other = pools[1].get("/posts/\(number)")
            let answers = (try await one, try await other)
            #expect(answers.0.status == 200 && answers.1.body == answers.0.body)
        }
        #expect(await judges.requests == 3)
        // Somebody else writes; nobody may serve the old answer, though nobody is told.
        #expect(try await redis.cli("DEL", "sluice:{default}:cache:GET:/posts/1") == "1")
        for pool in pools { #expect(try await pool.get("/posts/1").isStale == false) }
        #expect(await judges.requests == 4)
        #expect(try await pools[0].lock("a").withLock { _ in true })
        for pool in pools {
            #expect(await pool.isReady && pool.statistics.redisRefusesMessages)
        }
        try await until("the figures tell") {
            // A server that stood still may not have answered in time.
            guard let nodes = try? await pools[0].status().nodes else { return false }
            return nodes.count == 2 && nodes.allSatisfy { $0.fields["redis_refuses_messages"] == "1" }
        }
        #expect(count(of: "Redis sends this process no messages") == 2)

        try await redis.cli("ACL", "SETUSER", "default", "+@all", "allchannels")
        try await until("messages come again") { count(of: "Redis sends messages again") == 2 }
        for pool in pools {
            #expect(!pool.statistics.redisRefusesMessages)
            try await until("memory is trusted") { try await pool.get("/posts/1").source == .memory }
        }
        #expect(await judges.violations == 0)
        for pool in pools { await pool.shutDown() }
        await redis.stop()
        await judges.shutDown()
    }

    private func until(_ what: Comment, _ isSo: () async throws -> Bool) async throws {
        let patience = Instant.now.advanced(by: .seconds(120))
        while try await !isSo() {
            try #require(Instant.now < patience, what)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

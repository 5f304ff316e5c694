import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

/// A client that is told of sentinels only.
@Suite(.timeLimit(.minutes(10)))
struct SentinelTests {
    @Test func `the master is found by a sentinel that is alive, and found again after it has changed`() async throws {
        let master = try await RedisServer(.init(extraArguments: ["--repl-diskless-sync-delay", "0"]))
        let replica = try await RedisServer(.init(extraArguments: ["--replicaof", "127.0.0.1", "\(master.port)"]))
        let sentinel = try await RedisSentinel(watching: master.port)
        let url = "redis+sentinel://127.0.0.1:\(try FreePort.next()),127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)/1"
        try await withClient(master, url: url) { client in
            #expect(try await client.command("SET", "a", "1") == .status("OK"))
            let before = await client.runID
            // The master lives on, as a replica that refuses writes.
            try await until { try await sentinel.failOver() }
            try await until {
                // Each writes a key of its own: what fails is not repeated, and need not be.
                _ = try? await client.command("SET", "b", "2")
                let after = await client.runID
                return after != nil && after != before
            }
            try await until { (try? await client.command("SET", "c", "3")) == .status("OK") }
            #expect(try await client.command("ROLE").array?.first?.string == "master")
            #expect(try await client.command("GET", "c").string == "3")
        }
        #expect(try await replica.cli("-n", "1", "GET", "c") == "3")
        await sentinel.stop()
        await replica.stop()
        await master.stop()
    }

    @Test func `without a sentinel that knows, the error names each and what it said`() async throws {
        let master = try await RedisServer()
        // A server that is no sentinel, and nobody.
        let nobody = try FreePort.next()
        let url = "redis+sentinel://127.0.0.1:\(nobody),127.0.0.1:\(master.port)/main"
        var options = RedisClientOptions.patient
        options.commandTimeout = .seconds(1)
        try await withClient(master, url: url, options: options) { client in
            try await until { await client.lastConnectionError != nil }
            #expect(await code { () async throws(RedisError) in try await client.command("PING") } == .notConnected)
            let error = try #require(await client.lastConnectionError)
            #expect(error.message.contains("127.0.0.1:\(nobody)"))
            #expect(error.message.contains("127.0.0.1:\(master.port)"))
            #expect(error.message.contains("“main”"))
        }
        await master.stop()
    }
}

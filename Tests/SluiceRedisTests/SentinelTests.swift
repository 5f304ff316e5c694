import Foundation
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

    @Test func `the user that is deployed may use Redis behind a Sentinel; one without ROLE is told what to grant`() async throws {
        let directory = try TemporaryDirectory(label: "acl")
        let users = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "deploy/users.acl")
        let file = directory.path("users.acl")
        let deployed = try String(contentsOf: users, encoding: .utf8)
        // The sentinel and the test use the default user.
        try deployed.replacing("user default off resetpass -@all", with: "user default on nopass ~* &* +@all")
            .write(toFile: file, atomically: true, encoding: .utf8)
        let master = try await RedisServer(.init(extraArguments: ["--repl-diskless-sync-delay", "0", "--aclfile", file]))
        let replica = try await RedisServer(.init(extraArguments: ["--replicaof", "127.0.0.1", "\(master.port)"]))
        let sentinel = try await RedisSentinel(watching: master.port)
        let url = "redis+sentinel://sluice:change-me@127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)"
        try await withClient(master, url: url) { client async throws in #expect(try await client.command("PING") == .status("PONG")) }

        try await master.cli("ACL", "SETUSER", "sluice", "-role")
        try await withClient(master, url: url) { client in
            let error = await #expect(throws: RedisError.self) { try await client.command("PING") }
            #expect(error?.message.contains("Grant it +role") == true, "\(String(describing: error))")
            #expect(error?.message.contains("password") == false)
        }
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

import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

/// Commands that hold for one server only.
@Suite(.timeLimit(.minutes(10))) struct BoundCommandTests {
    private func set(_ key: String) -> [[UInt8]] { ["SET", key, "1"].map { Array($0.utf8) } }

    /// Begins to ask, and returns when the loop has been told.
    private func ask(
        _ client: RedisClient, onLoop: Bool, _ body: @escaping @Sendable () async throws(RedisError) -> Void
    ) -> Task<RedisError.Code?, Never> {
        onLoop
            ? Task(executorPreference: client.loop) { await code(of: body) }
            : Task.immediate { await code(of: body) }
    }

    @Test(arguments: [false, true])
    func `one that its connection did not send is not executed by the server that comes next`(onLoop: Bool) async throws {
        let server = try await RedisServer()
        try await withClient(server) { client in
            try await client.command("PING")
            let first = try #require(await client.server)
            #expect(try await client.command(set("early"), on: first) == .status("OK"))

            // The loop meets the commands, then the end of the connection, and only then would it write.
            let hold = await LoopHold(client.loop)
            let free = ask(client, onLoop: onLoop) { () async throws(RedisError) in try await client.command(set("free")) }
            let bound = ask(client, onLoop: onLoop) { () async throws(RedisError) in try await client.command(set("bound"), on: first) }
            try await server.restart(keepingData: true)
            hold.release()
            #expect(await bound.value == .connectionChanged)
            #expect(await free.value == nil, "it had not been sent either, and any server will do")
            #expect(try await server.cli("EXISTS", "early", "free") == "2")
            #expect(try await server.cli("EXISTS", "bound") == "0")

            let second = try #require(await client.server)
            #expect(second.runID != first.runID)
            #expect(try await client.command(set("bound"), on: second) == .status("OK"))
        }
    }

    @Test(arguments: [false, true])
    func `one that comes when its connection is gone is told so at once, with another connection or without`(onLoop: Bool) async throws {
        let server = try await RedisServer()
        try await withClient(server) { client in
            try await client.command("PING")
            let first = try #require(await client.server)
            await server.kill()
            try await until { await client.server == nil }
            let question = { @Sendable () async throws(RedisError) in _ = try await client.command(set("bound"), on: first) }
            #expect(await ask(client, onLoop: onLoop, question).value == .connectionChanged)
            try await server.start()
            try await client.command("PING")
            #expect(await ask(client, onLoop: onLoop, question).value == .connectionChanged)
            #expect(try await server.cli("EXISTS", "bound") == "0")
        }
    }

    @Test func `whether one that was sent has been executed is unknown, and it is not sent again`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client in
            try await client.command("PING")
            let first = try #require(await client.server)
            server.pause()
            let writes = await client.writeCount
            let bound = ask(client, onLoop: true) { () async throws(RedisError) in try await client.command(set("bound"), on: first) }
            try await until { await client.writeCount > writes }
            try await server.restart(keepingData: false)
            #expect(await bound.value == .connectionLost)
            try await client.command("PING")
            #expect(try await server.cli("EXISTS", "bound") == "0")
        }
    }
}

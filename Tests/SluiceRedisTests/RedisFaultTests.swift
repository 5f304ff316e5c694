import Foundation
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

/// G5 for the client: whatever the server does, every command ends in its value or in an error that says what is known.
@Suite(.timeLimit(.minutes(10))) struct RedisFaultTests {
    private func options(command: Duration = .seconds(60), connect: Duration = .seconds(60)) -> RedisClientOptions {
        var options = RedisClientOptions()
        options.commandTimeout = command
        options.connectTimeout = connect
        options.backOffMaximum = .milliseconds(100)
        return options
    }

    @Test func `a killed server fails what is under way, typed, and a new one is found`() async throws {
        let server = try await RedisServer()
        try await withClient(server, options: options(command: .seconds(30))) { client async throws in
            try await client.command("PING")
            async let lost = code { () async throws(RedisError) in try await client.command("BLPOP", "never", "0") }
            async let kept = client.command("BLPOP", "later", "0", idempotent: true)
            try await until { try await server.cli("INFO", "clients").contains("blocked_clients:1") }
            await server.kill()
            #expect(await lost == .connectionLost)
            try await server.start()
            try await server.cli("RPUSH", "later", "x")
            #expect(try await kept.array?.last?.string == "x")
            #expect(try await client.command("PING") == .status("PONG"))
        }
    }

    @Test func `without a server a command fails by its time and says why`() async throws {
        let server = try await RedisServer()
        await server.kill()
        try await withClient(server, options: options(command: .seconds(1))) { client async throws in
            try await until { await client.lastConnectionError != nil }
            let error = await #expect(throws: RedisError.self) { try await client.command("PING") }
            #expect(error?.code == .notConnected)
            let cause = String(describing: error?.underlying)
            #expect(cause.contains("ECONNREFUSED"))
        }
    }

    @Test func `a command asked for before the server is there waits for it`() async throws {
        let server = try await RedisServer()
        await server.kill()
        try await withClient(server, options: options(command: .seconds(30))) { client async throws in
            async let pong = client.command("PING")
            try await server.start()
            #expect(try await pong == .status("PONG"))
        }
    }

    @Test func `a frozen server is a timeout, then no connection, then itself again`() async throws {
        let server = try await RedisServer()
        try await withClient(server, options: options(command: .seconds(1), connect: .seconds(1))) { client async throws in
            try await until { await code { () async throws(RedisError) in try await client.command("PING") } == nil }
            server.pause()
            #expect(await code { () async throws(RedisError) in try await client.command("PING") } == .timeout)
            #expect(await code { () async throws(RedisError) in try await client.command("PING") } == .notConnected)
            server.resume()
            try await until { await code { () async throws(RedisError) in try await client.command("PING") } == nil }
        }
    }

    @Test func `a reply that came while the loop stood still counts, and the connection stays`() async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "redis-test")
        let client = RedisClient(
            endpoint: try RedisEndpoint(url: server.url), loop: loop, options: options(command: .seconds(10)))
        await client.start()
        try await client.command("PING")
        let connection = try await client.command("CLIENT", "ID")
        async let popped = client.command("BLPOP", "list", "0")
        try await until { try await server.cli("INFO", "clients").contains("blocked_clients:1") }
        loop.execute { Thread.sleep(forTimeInterval: 11) }
        try await server.cli("RPUSH", "list", "x")
        #expect(try await popped.array?.last?.string == "x")
        #expect(try await client.command("CLIENT", "ID") == connection)
        await client.shutDown()
        await loop.shutDown()
    }

    @Test func `a wrong password is told at once, without the password`() async throws {
        let server = try await RedisServer(.init(password: "right"))
        for url in ["redis://127.0.0.1:\(server.port)", "redis://:wrong@127.0.0.1:\(server.port)"] {
            let loop = EventLoop(name: "redis-test")
            let client = RedisClient(endpoint: try RedisEndpoint(url: url), loop: loop, options: options(command: .seconds(600)))
            let waiting = await Burst(client).startAndPing()
            let later = await #expect(throws: RedisError.self) { try await client.command("PING") }
            for error in [later, #expect(throws: RedisError.self) { try waiting.get() }] {
                #expect(error?.code == .authentication)
                #expect(error?.message.contains("127.0.0.1:\(server.port)") == true)
                #expect(error?.message.contains("wrong@") == false)
            }
            await client.shutDown()
            await loop.shutDown()
        }
        try await withClient(server) { client async throws in #expect(try await client.command("PING") == .status("PONG")) }
    }

    @Test func `a password that is put right is found out without a restart`() async throws {
        let server = try await RedisServer(.init(password: "right"))
        try await withClient(server, url: "redis://ann:pw@127.0.0.1:\(server.port)", options: options()) { client async throws in
            #expect(await code { () async throws(RedisError) in try await client.command("PING") } == .authentication)
            try await server.cli("ACL", "SETUSER", "ann", "on", ">pw", "+@all", "~*")
            try await until { await code { () async throws(RedisError) in try await client.command("PING") } == nil }
        }
    }

    @Test func `what is not Redis is a protocol error, not a hang`() async throws {
        let stranger = try LoopbackListener(answering: "HTTP/1.1 400 Bad Request\r\n\r\n")
        let loop = EventLoop(name: "redis-test")
        let endpoint = try RedisEndpoint(url: "redis://127.0.0.1:\(stranger.port)")
        let client = RedisClient(endpoint: endpoint, loop: loop, options: options(command: .seconds(1)))
        await client.start()
        try await until { await client.lastConnectionError != nil }
        let error = await #expect(throws: RedisError.self) { try await client.command("PING") }
        #expect(error?.code == .notConnected)
        #expect((error?.underlying as? RedisError)?.code == .protocolError)
        await client.shutDown()
        await loop.shutDown()
    }

    @Test func `a server that takes the connection and says nothing is given up in time`() async throws {
        let mute = try LoopbackListener(answering: nil)
        let loop = EventLoop(name: "redis-test")
        let endpoint = try RedisEndpoint(url: "redis://127.0.0.1:\(mute.port)")
        let client = RedisClient(endpoint: endpoint, loop: loop, options: options(command: .seconds(1), connect: .milliseconds(100)))
        await client.start()
        try await until { await client.lastConnectionError != nil }
        let error = await #expect(throws: RedisError.self) { try await client.command("PING") }
        #expect(error?.code == .notConnected)
        #expect((error?.underlying as? RedisError)?.message.contains("within 100 ms") == true)
        await client.shutDown()
        await loop.shutDown()
    }

    @Test func `too much waiting output is refused, and what waits is not harmed`() async throws {
        let server = try await RedisServer()
        var options = options()
        options.maximumOutput = 1 << 20
        try await withClient(server, options: options) { client in
            try await client.command("PING")
            server.pause()
            // From the loop, until the kernel and the client hold what they can; then from elsewhere.
            let refusal = await Burst(client).fill(100_000)
            #expect(refusal.code == .backPressure)
            let value = [UInt8](repeating: 120, count: 100_000)
            let elsewhere = await code { () async throws(RedisError) in
                try await client.command([Array("SET".utf8), Array("refused".utf8), value])
            }
            #expect(elsewhere == .backPressure)
            // A single command beyond the bound has no chance at all.
            let huge = await code { () async throws(RedisError) in
                try await client.command([Array("SET".utf8), Array("refused".utf8), [UInt8](repeating: 120, count: 2 << 20)])
            }
            #expect(huge == .backPressure)
            server.resume()
            #expect(try await client.command("STRLEN", "filler").int64 == 100_000)
            #expect(try await client.command("EXISTS", "refused").int64 == 0)
        }
    }

    @Test func `shutting down tells everyone who waits, and everyone who comes later`() async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "redis-test")
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: options())
        #expect(await code { () async throws(RedisError) in try await client.command("PING") } == .shutDown)
        await client.start()
        try await client.command("PING")
        server.pause()
        try await withThrowingTaskGroup(of: RedisError.Code?.self) { group in
            for _ in 0..<100 { group.addTask { await code { () async throws(RedisError) in try await client.command("PING") } } }
            try await until { await client.writeCount > 1 }
            await client.shutDown()
            for try await code in group { #expect(code == .shutDown) }
        }
        #expect(await code { () async throws(RedisError) in try await client.command("PING") } == .shutDown)
        await loop.shutDown()
    }

    @Test func `a loop that stops under its client leaves nobody waiting`() async throws {
        let server = try await RedisServer()
        await server.kill()
        let loop = EventLoop(name: "redis-test")
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: options())
        await client.start()
        async let waiting = code { () async throws(RedisError) in try await client.command("PING") }
        async let ended: Void = loop.shutDown()
        #expect(await waiting == .shutDown)
        await ended
    }

    @Test func `a cancelled task still gets its reply`() async throws {
        let server = try await RedisServer()
        try await withClient(server, options: options(command: .seconds(30))) { client async throws in
            let task = Task { try await client.command("BLPOP", "list", "0") }
            try await until { try await server.cli("INFO", "clients").contains("blocked_clients:1") }
            task.cancel()
            try await server.cli("RPUSH", "list", "x")
            #expect(try await task.value.array?.last?.string == "x")
        }
    }
}

import SluiceHarness
import SluiceLoop
import SluiceRedis
import Synchronization
import Testing

/// The client against a server that behaves.
@Suite(.timeLimit(.minutes(10))) struct RedisClientTests {
    @Test func `values of any bytes come back as they went`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            for length in [0, 1, 9, 10, 99, 100, 1_000, 100_000] {
                let value = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
                #expect(try await client.command([Array("SET".utf8), [0, 13, 10, 255], value]) == .status("OK"))
                #expect(try await client.command([Array("GET".utf8), [0, 13, 10, 255]]).bytes == value)
            }
            #expect(try await client.command("GET", "missing") == .null)
            #expect(try await client.command("INCRBY", "n", "-5").int64 == -5)
            #expect(try await client.command("LRANGE", "none", "0", "-1").array == [])
        }
    }

    @Test func `a reply of 10 MiB arrives whole, and so does a value as large`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            let value = [UInt8](unsafeUninitializedCapacity: 10 << 20) { buffer, count in
                for index in 0..<10 << 20 { buffer[index] = UInt8(truncatingIfNeeded: index &* 31) }
                count = 10 << 20
            }
            try await client.command([Array("SET".utf8), Array("big".utf8), value])
            #expect(try await client.command("GET", "big").bytes == value)
        }
    }

    @Test func `500 tasks at once each get their own reply`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            try await withThrowingTaskGroup { group in
                for task in 0..<500 {
                    group.addTask {
                        for round in 0..<20 {
                            let text = "\(task):\(round)"
                            let reply = try await client.command("ECHO", text)
                            #expect(reply.string == text)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `the commands of one turn leave in one write`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            try await until { await client.isConnected }
            let before = await client.writeCount
            try await Burst(client).send(100)
            #expect(await client.writeCount - before == 1)
            let stats = try await server.cli("INFO", "commandstats")
            #expect(stats.contains("cmdstat_echo:calls=100,"))
        }
    }

    @Test func `tasks that await on the loop stay in step, so that a round of theirs is one write`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            try await until { await client.isConnected }
            let burst = Burst(client)
            let before = await client.writeCount
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { try await burst.await(200) } }
                try await group.waitForAll()
            }
            // 200 rounds of 50, give and take the tasks that start and end apart from the others.
            #expect(await client.writeCount - before < 2_000)
        }
    }

    @Test(arguments: [false, true])
    func `who awaits a reply on the loop has it before anything that came later`(inActor: Bool) async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            let order = Mutex<[String]>([])
            let burst = Burst(client)
            let turn: @Sendable () -> Void = {
                // Its reply comes second, and asks the loop for a turn.
                client.submit([Array("PING".utf8)]) { _ in client.loop.execute { order.withLock { $0.append("turn") } } }
            }
            try await Task(executorPreference: client.loop) {
                if inActor {
                    try await burst.ask(then: turn) { order.withLock { $0.append("task") } }
                } else {
                    try await client.command("PING")  // From here on the task is where it will be resumed.
                    client.loop.execute(turn)
                    try await client.command("PING")
                    order.withLock { $0.append("task") }
                }
            }.value
            try await until { order.withLock { $0.count } == 2 }
            #expect(order.withLock { $0 } == ["task", "turn"])
        }
    }

    @Test func `commands from other threads share writes`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            try await until { await client.isConnected }
            let before = await client.writeCount
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { for _ in 0..<100 { try await client.command("PING") } } }
                try await group.waitForAll()
            }
            #expect(await client.writeCount - before < 2_500)
        }
    }

    @Test func `an error reply is thrown with the server's words`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            try await client.command("SET", "s", "x")
            let error = await #expect(throws: RedisError.self) { try await client.command("INCR", "s") }
            #expect(error?.code == .refused)
            #expect(error?.replyCode == "ERR")
            #expect(try await client.command("PING") == .status("PONG"))
        }
    }

    @Test func `a script runs, also after the server forgot it`() async throws {
        let server = try await RedisServer()
        let script = RedisScript(name: "sum", source: Array("return {KEYS[1], ARGV[1] + ARGV[2], redis.error_reply('ERR x')}".utf8))
        try await withClient(server) { client async throws in
            for flush in [false, true, false] {
                if flush { try await server.cli("SCRIPT", "FLUSH") }
                let reply = try await client.run(script, keys: ["k"], arguments: ["1", "2"])
                #expect(reply == .array([.bulk([UInt8(ascii: "k")]), .integer(3), .error("ERR x")]))
            }
            let stats = try await server.cli("INFO", "commandstats")
            #expect(stats.contains("cmdstat_evalsha:calls=5,"))
            // Redis 6 counts our SCRIPT FLUSH with them.
            #expect(stats.contains("cmdstat_script|load:calls=2,") || stats.contains("cmdstat_script:calls=3,"))
            try await server.cli("SCRIPT", "FLUSH")
            #expect(try await Burst(client).run(script) == .integer(3))
        }
    }

    @Test func `the database of the URL is used`() async throws {
        let server = try await RedisServer()
        try await withClient(server, url: server.url + "/3") { client async throws in
            try await client.command("SET", "k", "three")
        }
        #expect(try await server.cli("-n", "3", "GET", "k") == "three")
        #expect(try await server.cli("GET", "k") == "")
    }

    @Test func `a server on a Unix socket, with a password, is reached`() async throws {
        let server = try await RedisServer(.init(unixSocket: true, password: "se cret"))
        try await withClient(server, url: "unix://:se%20cret@\(server.socketPath)?db=1") { client async throws in
            #expect(try await client.command("PING") == .status("PONG"))
        }
    }

    @Test func `a host is found by name, whichever of its addresses answers`() async throws {
        let server = try await RedisServer()
        // That may take long: names are looked up four at a time in a process, and other tests look for hosts that nobody knows.
        try await withClient(server, url: "redis://localhost:\(server.port)") { client async throws in
            #expect(try await client.command("PING") == .status("PONG"))
        }
    }

    @Test func `the run id is that of the server's present life`() async throws {
        let server = try await RedisServer()
        try await withClient(server) { client async throws in
            try await client.command("PING")
            let first = try #require(await client.runID)
            #expect(try await server.cli("INFO", "server").contains(first))
            #expect(await client.serverVersion?.isEmpty == false)
            try await server.restart(keepingData: false)
            try await until { await client.runID.map { $0 != first } ?? false }
        }
    }
}

import SluiceHarness
import SluiceLoop
import SluiceServer
import Synchronization
import Testing

/// What the server bears: slow clients, many of them, ones that leave; and how it ends.
@Suite(.timeLimit(.minutes(10)))
struct HTTPServerBoundsTests {
    @Test func `a client that is slow with its head or body, or silent, is cut off while others are served`() async throws {
        var options = ServerOptions()
        options.idleTimeout = .seconds(1)
        try await ServedHTTP.run(options) { port in
            let silent = try RawClient(port)
            let head = try RawClient(port)
            try head.send("GET / HT")
            let body = try RawClient(port)
            try body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhal")
            #expect(try await RawClient(port).get("/").status == 200)
            for client in [silent, head, body] { #expect(try await client.isClosedByServer()) }
            #expect(try await RawClient(port).get("/").status == 200)
        }
    }

    @Test func `a byte now and then is no progress, at whatever moment the bytes come`() async throws {
        var options = ServerOptions()
        options.idleTimeout = .milliseconds(300)
        options.maxHeaderBytes = 1 << 20
        try await ServedHTTP.run(options) { port in
            // Many, and quick: one whose byte has just come when the server ends the connection must be ended nevertheless.
            let clients = try (0..<16).map { _ in try RawClient(port) }
            let bytes = await withTaskGroup(of: Int.self) { group in
                for client in clients {
                    group.addTask {
                        var bytes = 0
                        let limit = ContinuousClock.now + .seconds(20)
                        // Writes fail once the connection is closed.
                        while ContinuousClock.now < limit, (try? client.send("G")) != nil {
                            bytes += 1
                            try? await Task.sleep(for: .microseconds(50))
                        }
                        return ContinuousClock.now < limit ? bytes : -1
                    }
                }
                return await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(!bytes.contains(-1), "\(bytes)")
        }
    }

    @Test func `a client that takes its answer too slowly is cut off, however steadily it reads`() async throws {
        var options = ServerOptions()
        options.idleTimeout = .milliseconds(300)
        options.slowestReading = 1 << 30
        let body = [UInt8](repeating: 0x61, count: 40_000_000)
        try await ServedHTTP.run(options, { _ in .now(ServerResponse(body: body)) }) { port in
            let client = try RawClient(port)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            var taken = 0
            var pieces = 0
            // Steady, but some seconds' work.
            while let count = try? await client.readSome(), count > 0 {
                taken += count
                pieces += 1
                if pieces % 8 == 0 { try await Task.sleep(for: .milliseconds(100)) }
            }
            #expect(taken < body.count)
        }
    }

    @Test func `an observer is told of every request, its answer, and of clients that left before its end`() async throws {
        let seen = Mutex<[ServerExchange]>([])
        var options = ServerOptions()
        options.observer = { exchange in seen.withLock { $0.append(exchange) } }
        options.maxBodyBytes = 10
        // More than the system's buffers take.
        let large = [UInt8](repeating: 0x61, count: 40_000_000)
        let handler: @Sendable (ServerRequest) -> ServerReply = { request in
            .now(request.target == "/large" ? ServerResponse(body: large) : .text(200, "fast"))
        }
        try await ServedHTTP.run(options, handler) { port in
            let client = try RawClient(port)
            _ = try await client.get("/a?b", "User-Agent: test/1\r\n")
            _ = try await client.get("/h", method: "HEAD")
            _ = try await client.get("/long", "Content-Length: 11\r\n", method: "POST")
            let leaving = try RawClient(port)
            try leaving.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await leaving.readSome() > 0)
            leaving.reset()
            try await eventually("the fourth record") { seen.withLock { $0.count >= 4 } }
            let told = seen.withLock { $0 }
            #expect(told.map { "\($0.method) \($0.target ?? "-")" } == ["GET /a?b", "HEAD /h", "POST /long", "GET /large"])
            #expect(told.map(\.status) == [200, 200, 413, 200] && told.map(\.isWhole) == [true, true, true, false])
            #expect(told.map(\.bodyBytes).prefix(2) == [5, 0])
            #expect(told.first?.headers["user-agent"] == "test/1" && told.first?.peer?.ip == "127.0.0.1")
            #expect(told.first?.version == "HTTP/1.1")
        }
    }

    @Test func `answers that come later do not keep others waiting`() async throws {
        let gate = Gate()
        let handler: @Sendable (ServerRequest) -> ServerReply = { request in
            if request.target != "/slow" { return .now(.text(200, "fast")) }
            return .later {
                await gate.wait()
                return .text(200, "slow")
            }
        }
        try await ServedHTTP.run(ServerOptions(), handler) { port in
            let slow = try (0..<20).map { _ in try RawClient(port) }
            for client in slow { try client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /fast HTTP/1.1\r\nHost: a\r\n\r\n") }
            #expect(try await RawClient(port).get("/x").body == "fast\n")
            gate.open()
            for client in slow {
                #expect(try await client.answer().body == "slow\n")
                #expect(try await client.answer().body == "fast\n")
            }
        }
    }

    @Test func `who goes while his answer is made frees his place, and the work for him is cancelled`() async throws {
        let begun = Mutex(0)
        let cancelled = Mutex(0)
        let seen = Mutex<[ServerExchange]>([])
        var options = ServerOptions()
        options.maxConnections = 6
        options.observer = { exchange in seen.withLock { $0.append(exchange) } }
        let handler: @Sendable (ServerRequest) -> ServerReply = { request in
            if request.target == "/x" { return .now(.text(200, "fast")) }
            begun.withLock { $0 += 1 }
            return .later {
                if (try? await Task.sleep(for: .seconds(600))) == nil { cancelled.withLock { $0 += 1 } }
                return .text(200, "slow")
            }
        }
        try await ServedHTTP.run(options, handler) { port in
            let clients = try (0..<6).map { _ in try RawClient(port) }
            for (index, client) in clients.enumerated() {
                try client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                // What is sent behind hides the end of the connection from whoever would read on.
                if index % 2 == 0 { try client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n") }
            }
            try await eventually("the sixth request") { begun.withLock { $0 >= 6 } }
            for (index, client) in clients.enumerated() {
                switch index % 3 {
                case 0: client.shut()
                case 1: client.reset()
                default: client.finishSending()
                }
            }
            // There is a place for him again.
            #expect(try await RawClient(port).get("/x").body == "fast\n")
            try await eventually("the end of all requests") { cancelled.withLock { $0 >= 6 } && seen.withLock { $0.count >= 7 } }
            #expect(cancelled.withLock { $0 } == 6)
            #expect(seen.withLock { $0.count { !$0.isWhole && $0.status == nil } } == 6)
        }
    }

    @Test func `a client that leaves before its answer harms nobody`() async throws {
        let gate = Gate()
        let handler: @Sendable (ServerRequest) -> ServerReply = { request in
            if request.target == "/x" { return .now(.text(200, "fast")) }
            return .later {
                await gate.wait()
                return ServerResponse(body: [UInt8](repeating: 0x61, count: 300_000))
            }
        }
        try await ServedHTTP.run(ServerOptions(), handler) { port in
            for index in 0..<20 {
                let client = try RawClient(port)
                try client.send("\(index % 2 == 0 ? "GET" : "POST") /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
                #expect(try await RawClient(port).get("/x").status == 200)
                if index % 3 == 0 { client.reset() } else { client.shut() }
            }
            gate.open()
            for _ in 0..<20 { #expect(try await RawClient(port).get("/x").body == "fast\n") }
        }
    }

    @Test func `hundreds of idle connections do not slow others down, and more than the cap wait their turn`() async throws {
        var options = ServerOptions()
        options.maxConnections = 210
        try await ServedHTTP.run(options) { port in
            var idle = try (0..<200).map { _ in try RawClient(port) }
            for client in idle { #expect(try await client.get("/").status == 200) }
            for _ in 0..<50 { #expect(try await RawClient(port).get("/").status == 200) }
            let tight = try (0..<10).map { _ in try RawClient(port) }
            for client in tight { #expect(try await client.get("/").status == 200) }
            let waiting = try RawClient(port)
            try waiting.send("GET /w HTTP/1.1\r\nHost: a\r\n\r\n")
            idle.removeLast(5)
            #expect(try await waiting.answer().body == "GET /w \n")
            withExtendedLifetime((idle, tight)) {}
        }
    }

    @Test func `who waits for a place gets it when all that had one are cut off at once`() async throws {
        var options = ServerOptions()
        options.maxConnections = 3
        options.idleTimeout = .seconds(1)
        try await ServedHTTP.run(options) { port in
            let idle = try (0..<3).map { _ in try RawClient(port) }
            #expect(try await RawClient(port).get("/").status == 200)
            withExtendedLifetime(idle) {}
        }
    }

    @Test func `a large answer arrives whole at a client that reads slowly`() async throws {
        let body = (0..<5_000_000).map { UInt8(truncatingIfNeeded: 97 + $0 % 26) }
        try await ServedHTTP.run(ServerOptions(), { _ in .now(ServerResponse(body: body)) }) { port in
            let client = try RawClient(port)
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await RawClient(port).get("/", method: "HEAD").headers["content-length"] == "5000000")
            #expect(try await Array(client.answer().body.utf8) == body)
        }
    }

    @Test func `a shutdown lets answers finish, closes idle connections and accepts no more`() async throws {
        let gate = Gate()
        let handler: @Sendable (ServerRequest) -> ServerReply = { request in
            if request.target != "/slow" { return .now(.text(200, "fast")) }
            return .later {
                await gate.wait()
                return .text(200, "slow")
            }
        }
        let loop = EventLoop(name: "test-drain")
        let server = HTTPServer(on: loop, handler: handler)
        try await server.start()
        let idle = try RawClient(server.port)
        #expect(try await idle.get("/").status == 200)
        let busy = try RawClient(server.port)
        try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try await eventually("the request") { gate.waiting > 0 }
        async let end: Void = server.shutDown(drainingFor: .seconds(30))
        #expect(try await idle.isClosedByServer())
        await #expect(throws: RawClient.Failure.self) { try await RawClient(server.port).get("/") }
        gate.open()
        let answer = try await busy.answer()
        #expect(answer.body == "slow\n")
        #expect(answer.headers["connection"] == "close")
        #expect(try await busy.isClosedByServer())
        await end
        await loop.shutDown()
    }

    @Test func `a shutdown does not wait longer than it was told`() async throws {
        let gate = Gate()
        let loop = EventLoop(name: "test-drain")
        let server = HTTPServer(on: loop) { _ in
            .later {
                await gate.wait()
                return .text(200, "never")
            }
        }
        try await server.start()
        let busy = try RawClient(server.port)
        try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        try await eventually("the request") { gate.waiting > 0 }
        await server.shutDown(drainingFor: .milliseconds(20))
        #expect(try await busy.answer().status == 503)
        gate.open()
        await loop.shutDown()
    }
}

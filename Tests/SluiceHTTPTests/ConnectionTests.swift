import SluiceHTTP
import SluiceLoop
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test func `requests after one another share a connection`() async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        try await withClient { client in
            let first = try await client.answer(HTTPRequest(url: server.url))
            let second = try await client.answer(HTTPRequest(url: server.url))
            #expect(!first.connectionReused)
            #expect(second.connectionReused)
        }
        #expect(server.accepted == 1)
    }

    @Test func `fifty at once use no more connections than they may, and all are answered`() async throws {
        let server = TestServer { connection, _ in
            while let request = connection.next() { connection.answer(request.target) }
        }
        defer { server.stop() }
        try await withClient {
            $0.connectionsPerOrigin = 4
        } _: { client in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<50 {
                    group.addTask { try await client.answer(HTTPRequest(url: server.url + "/\(number)")).text }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(answers == Set((0..<50).map { "/\($0)" }))
        }
        #expect(server.mostOpen <= 4)
        #expect(server.accepted <= 4)
    }

    @Test func `who waits for a connection has a deadline as well, and one full host holds up no other`() async throws {
        let arrived = Signal()
        let leave = Signal()
        let busy = TestServer { connection, _ in
            while connection.next() != nil {
                arrived.send()
                leave.wait()
                connection.answer("at last")
            }
        }
        let idle = TestServer(answering: "at once")
        defer {
            busy.stop()
            idle.stop()
        }
        try await withClient {
            $0.connectionsPerOrigin = 1
        } _: { client in
            let first = Task { try await client.answer(HTTPRequest(url: busy.url)) }
            await arrived.arrival()
            let error = try await client.failure(HTTPRequest(url: busy.url), timeout: .seconds(1))
            #expect(error.code == .timeout)
            #expect(!error.wasSent)
            #expect(error.message.contains("connections to be free"))
            let last = try await client.answer(HTTPRequest(url: idle.url))
            #expect(last.text == "at once")
            leave.send()
            #expect(try await first.value.text == "at last")
        }
        #expect(busy.received.count == 1)
    }

    @Test func `a thousand requests leave no socket behind`() async throws {
        let server = TestServer { connection, _ in
            // Every tenth answer ends its connection.
            for _ in 0..<9 {
                guard connection.next() != nil else { return }
                connection.answer("ok")
            }
            if connection.next() != nil { connection.answer("bye", headers: ["Connection: close"]) }
        }
        defer { server.stop() }
        try await withClient { client in
            for _ in 0..<1_000 { _ = try await client.answer(HTTPRequest(url: server.url)) }
            #expect(socketsLeading(to: server.port) <= 1)
        }
        #expect(server.received.count == 1_000)
        #expect(server.accepted == 100)
        #expect(socketsLeading(to: server.port) == 0)
    }

    @Test func `a server that closes idle connections costs nothing but a new connection`() async throws {
        let closed = Signal()
        let server = TestServer { connection, number in
            if connection.next() != nil { connection.answer("\(number)") }
            closed.send()
        }
        defer { server.stop() }
        try await withClient { client in
            for number in 1...20 {
                let gate = Gate()
                // The server may still be closing when we ask again: then a second attempt is legitimate, and asked for.
                let response = try await client.send(HTTPRequest(url: server.url), timeout: .seconds(60)) { gate.ask() }
                #expect(response.status == 200)
                #expect(server.received.count <= number)
                await closed.arrival()
            }
        }
        #expect(socketsLeading(to: server.port) == 0)
    }

    @Test func `the kernel gives up what is not delivered when the request has timed out`() async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        try await withClient { client in
            _ = try await client.answer(HTTPRequest(url: server.url), timeout: .seconds(40))
            let timeouts = userTimeouts(to: server.port)
            #expect(timeouts.count == 1)
            // The socket is opened a moment after the request began.
            #expect(timeouts.allSatisfy { (1...40_000).contains($0) })
        }
    }

    @Test func `a connection that was idle for too long is not used again`() async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        try await withClient {
            $0.idleConnectionLife = .seconds(1)
        } _: { client in
            _ = try await client.answer(HTTPRequest(url: server.url))
            let rest = EventLoop(name: "rest")
            try await rest.sleep(until: Instant.now.advanced(by: .milliseconds(1_050)))
            await rest.shutDown()
            let second = try await client.answer(HTTPRequest(url: server.url))
            #expect(!second.connectionReused)
        }
        #expect(server.accepted == 2)
    }
}

import SluiceHTTP
import SluiceHarness
import SluiceLoop
import Testing

@Suite("G5, always an answer: cancelled and shut down", .timeLimit(.minutes(10)))
struct EndTests {
    @Test func `cancelling in the middle of a body cuts the connection`() async throws {
        let isHalf = Signal()
        let isClosed = Signal()
        let server = TestServer { connection, _ in
            guard connection.next() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            isHalf.send()
            connection.waitForClose()
            isClosed.send()
        }
        defer { server.stop() }
        try await withClient { client in
            let task = Task { try await client.failure(HTTPRequest(url: server.url)) }
            await isHalf.arrival()
            task.cancel()
            let error = try await task.value
            #expect(error.code == .cancelled)
            #expect(error.wasSent)
            await isClosed.arrival()
            #expect(socketsLeading(to: server.port) == 0)
        }
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        let server = TestServer(answering: "no")
        defer { server.stop() }
        try await withClient { client in
            let start = Signal()
            let task = Task {
                await start.arrival()
                return try await client.failure(HTTPRequest(url: server.url))
            }
            task.cancel()
            start.send()
            let error = try await task.value
            #expect(error.code == .cancelled)
            #expect(!error.wasSent)
        }
        #expect(server.received.isEmpty)
    }

    @Test func `cancelling at any moment ends in exactly one outcome`() async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        try await withClient {
            $0.connectionsPerOrigin = 3
        } _: { client in
            let gate = Gate()
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let task = Task { try? await client.send(HTTPRequest(url: server.url), timeout: .seconds(60)) { gate.ask() } }
                        for _ in 0..<(number % 7) { await Task.yield() }
                        if number % 2 == 0 { task.cancel() }
                        _ = await task.value
                    }
                }
            }
            let last = try await client.answer(HTTPRequest(url: server.url))
            #expect(last.status == 200)
            #expect(server.received.count <= gate.passed + 1)
        }
    }

    @Test func `shutting down ends what is under way and what waits`() async throws {
        let arrived = Signal()
        let server = TestServer { connection, _ in
            guard connection.next() != nil else { return }
            arrived.send()
            connection.waitForClose()
        }
        defer { server.stop() }
        try await withClient {
            $0.connectionsPerOrigin = 2
        } _: { client in
            let tasks = (0..<5).map { _ in Task { try await client.failure(HTTPRequest(url: server.url)) } }
            await arrived.arrival(times: 2)
            try await eventually("the fifth request") { await client.outstanding >= 5 }
            await client.shutDown()
            var sent = 0
            for task in tasks {
                let error = try await task.value
                #expect(error.code == .shutDown)
                if error.wasSent { sent += 1 }
            }
            #expect(sent == 2)
            #expect(socketsLeading(to: server.port) == 0)
            let last = try await client.failure(HTTPRequest(url: server.url))
            #expect(last.code == .shutDown)
        }
    }

    @Test func `a client that is dropped closes its connections`() async throws {
        let isClosed = Signal()
        let server = TestServer { connection, _ in
            while connection.next() != nil { connection.answer("ok") }
            isClosed.send()
        }
        defer { server.stop() }
        let loop = EventLoop(name: "http-test")
        do {
            let client = try HTTPClient(loop: loop)
            _ = try await client.answer(HTTPRequest(url: server.url))
        }
        await isClosed.arrival()
        await loop.shutDown()
    }
}

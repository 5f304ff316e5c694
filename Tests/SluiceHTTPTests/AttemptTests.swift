import SluiceHTTP
import Testing

@Suite("G1, never over: one leave for each attempt", .timeLimit(.minutes(10)))
struct AttemptTests {
    /// Answers the first request of its first connection; takes the second and closes without a word. Later connections are kind.
    private func forgetfulServer() -> TestServer {
        TestServer { connection, number in
            guard number == 1 else {
                while connection.next() != nil { connection.answer("again") }
                return
            }
            if connection.next() != nil { connection.answer("first") }
            _ = connection.next()
        }
    }

    @Test func `the silent repetition is refused by a gate that has one leave, and the error says that the first was sent`() async throws {
        let server = forgetfulServer()
        defer { server.stop() }
        try await withClient { client in
            _ = try await client.answer(HTTPRequest(url: server.url))
            let gate = Gate(limit: 1)
            let error = try await client.failure(HTTPRequest(url: server.url), gate)
            #expect(error.code == .attemptRefused)
            #expect(error.wasSent)
            #expect(gate.asked == 2)
            #expect(server.received.count == 2, "the mirror saw just what was let through")
        }
    }

    @Test(arguments: ["GET", "POST"])
    func `a repetition that the gate lets through is counted`(method: String) async throws {
        let server = forgetfulServer()
        defer { server.stop() }
        try await withClient { client in
            _ = try await client.answer(HTTPRequest(url: server.url))
            let gate = Gate()
            let body: [UInt8] = method == "POST" ? Array("order".utf8) : []
            let response = try await client.send(HTTPRequest(method: method, url: server.url, body: body), timeout: .seconds(60)) {
                gate.ask()
            }
            #expect(response.text == "again")
            #expect(gate.passed == 2)
            #expect(server.received.count == 1 + gate.passed)
        }
    }

    @Test func `a gate that is shut sends nothing and leaves the connection usable`() async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        try await withClient { client in
            for _ in 0..<3 {
                let error = try await client.failure(HTTPRequest(url: server.url), Gate(limit: 0))
                #expect(error.code == .attemptRefused)
                #expect(!error.wasSent)
            }
            #expect(server.received.isEmpty)
            let last = try await client.answer(HTTPRequest(url: server.url))
            #expect(last.text == "ok")
        }
    }

    @Test func `under servers that close at random the mirrors never see more than the gates let through`() async throws {
        let server = TestServer { connection, number in
            // Each connection lives for a few requests, and half of them end without an answer to the last.
            for _ in 0..<(number % 4) {
                guard connection.next() != nil else { return }
                connection.answer("ok")
            }
            if number % 2 == 0 { _ = connection.next() }
        }
        defer { server.stop() }
        let gate = Gate()
        try await withClient { client in
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<50 {
                            let own = Gate(limit: 1)
                            _ = try? await client.send(HTTPRequest(url: server.url), timeout: .seconds(60)) { own.ask() && gate.ask() }
                        }
                    }
                }
            }
        }
        #expect(server.received.count <= gate.passed)
        #expect(gate.passed <= 400)
    }
}

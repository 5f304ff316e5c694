import SluiceHTTP
import SluiceHarness
import SluiceLoop
import Testing

@Suite(.timeLimit(.minutes(10)))
struct FailureTests {
    @Test func `a refused connection is no use of the slot`() async throws {
        try await withClient { client in
            let gate = Gate()
            // Not one that the kernel gives to the next server that asks for any.
            let error = try await client.failure(HTTPRequest(url: "http://127.0.0.1:\(try FreePort.next())/"), gate)
            #expect(error.code == .connect)
            #expect(!error.wasSent)
            #expect(gate.asked == 0)
            #expect(error.message.contains("127.0.0.1"))
        }
    }

    @Test func `a name without an address is no use of the slot`() async throws {
        try await withClient { client in
            let error = try await client.failure(HTTPRequest(url: "http://no-such-host.invalid/secret?token=1"))
            #expect(error.code == .nameLookup)
            #expect(!error.wasSent)
            #expect(error.message.contains("no-such-host.invalid"))
            #expect(!error.message.contains("token"))
        }
    }

    @Test func `a head that does not come is a timeout of a sent request`() async throws {
        let server = TestServer { connection, _ in
            _ = connection.next()
            connection.waitForClose()
        }
        defer { server.stop() }
        try await withClient { client in
            let started = Instant.now
            // Long enough for a machine that stands still before it has sent anything.
            let error = try await client.failure(HTTPRequest(url: server.url), timeout: .seconds(10))
            #expect(error.code == .timeout)
            #expect(error.wasSent)
            #expect(error.message.contains("waiting for the answer"))
            #expect(error.endedAt.microseconds(since: started) >= 10_000_000)
            #expect(error.endedAt.microseconds(since: started) < 60_000_000)
        }
    }

    @Test func `a body that does not end is a timeout too`() async throws {
        let server = TestServer { connection, _ in
            _ = connection.next()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            connection.waitForClose()
        }
        defer { server.stop() }
        try await withClient { client in
            let error = try await client.failure(HTTPRequest(url: server.url), timeout: .seconds(10))
            #expect(error.code == .timeout)
            #expect(error.wasSent)
            #expect(error.message.contains("receiving"))
        }
    }

    @Test func `a deadline that has passed sends nothing`() async throws {
        let server = TestServer(answering: "late")
        defer { server.stop() }
        try await withClient { client in
            let error = try await client.failure(HTTPRequest(url: server.url), timeout: .zero)
            #expect(error.code == .timeout)
            #expect(!error.wasSent)
        }
        #expect(server.received.isEmpty)
    }

    @Test func `a deadline that passes while connecting is a timeout, whichever timer is first`() async throws {
        let stalled = try StalledListener()
        try await withClient { client in
            for milliseconds in 1...20 {
                let request = HTTPRequest(url: "http://127.0.0.1:\(stalled.port)/")
                let error = try await client.failure(request, timeout: .milliseconds(milliseconds))
                #expect(error.code == .timeout, "\(milliseconds) ms: \(error)")
                #expect(!error.wasSent)
                #expect(error.message.contains("while connecting"))
            }
        }
    }

    @Test func `a connection that ends before the answer is lost, not empty`() async throws {
        let server = TestServer { connection, number in
            _ = connection.next()
            if number == 2 { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") }
        }
        defer { server.stop() }
        try await withClient { client in
            for _ in 0..<2 {
                let gate = Gate()
                let error = try await client.failure(HTTPRequest(url: server.url), gate)
                #expect(error.code == .connectionLost)
                #expect(error.wasSent)
                #expect(gate.asked == 1)
            }
        }
    }

    @Test func `what is not HTTP is an error`() async throws {
        let server = TestServer { connection, _ in
            _ = connection.next()
            connection.write("SSH-2.0-OpenSSH_9.2\r\n")
        }
        defer { server.stop() }
        try await withClient { client in
            let error = try await client.failure(HTTPRequest(url: server.url))
            #expect(error.code == .protocolError)
            #expect(error.wasSent)
        }
    }

    @Test func `TLS with a server that speaks none fails as TLS, unsent`() async throws {
        let server = TestServer { connection, _ in connection.write("HTTP/1.1 400 Bad Request\r\n\r\n") }
        defer { server.stop() }
        try await withClient { client in
            let error = try await client.failure(HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
            #expect(error.code == .tls)
            #expect(!error.wasSent)
        }
    }

    @Test(arguments: [true, false])
    func `a body over the limit is cut off, whether announced or not`(announced: Bool) async throws {
        let server = TestServer { connection, _ in
            _ = connection.next()
            connection.write("HTTP/1.1 200 OK\r\n\(announced ? "Content-Length: 1000000\r\n" : "")\r\n")
            while connection.write(String(repeating: "x", count: 1_000)) {}
        }
        defer { server.stop() }
        try await withClient {
            $0.bodyBytes = 10_000
        } _: { client in
            let error = try await client.failure(HTTPRequest(url: server.url))
            #expect(error.code == .responseTooLarge)
            #expect(error.wasSent)
            #expect(error.message.contains("10000 bytes"))
        }
    }

    @Test func `a body of just the limit passes`() async throws {
        let server = TestServer(answering: String(repeating: "x", count: 10_000))
        defer { server.stop() }
        try await withClient {
            $0.bodyBytes = 10_000
        } _: { client in
            let last = try await client.answer(HTTPRequest(url: server.url))
            #expect(last.body.count == 10_000)
        }
    }

    @Test(arguments: [100, 200_000])
    func `a head over the limit is cut off, in many lines or in one`(length: Int) async throws {
        let server = TestServer { connection, _ in
            _ = connection.next()
            connection.write("HTTP/1.1 200 OK\r\n")
            while connection.write("X-Filler: \(String(repeating: "x", count: length))\r\n") {}
        }
        defer { server.stop() }
        try await withClient { client in
            let error = try await client.failure(HTTPRequest(url: server.url))
            #expect(error.code == .headersTooLarge)
            #expect(error.wasSent)
            #expect(error.message.contains("65536 bytes"))
        }
    }
}

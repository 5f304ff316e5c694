import SluiceHTTP
import Testing

@Suite(.timeLimit(.minutes(10)))
struct RequestRulesTests {
    @Test(arguments: [
        ("X-A\r\nX-B", "v"), ("X-A", "v\r\nX-B: w"), ("X-A", "v\nw"), ("X-A", "v\0"), ("X A", "v"), ("", "v"), ("X-A:", "v"),
        ("Content-Length", "3"), ("transfer-encoding", "chunked"), ("Connection", "close"), ("Expect", "100-continue"),
    ])
    func `a header that could change the message is refused before anything is sent`(name: String, value: String) async throws {
        let server = TestServer(answering: "no")
        defer { server.stop() }
        try await withClient { client in
            let gate = Gate()
            let error = try await client.failure(HTTPRequest(url: server.url, headers: [(name, value)]), gate)
            #expect(error.code == .invalidRequest)
            #expect(!error.wasSent)
            #expect(gate.asked == 0)
        }
        #expect(server.accepted == 0)
    }

    @Test(arguments: [
        "", "posts", "//host/path", "ftp://host/", "file:///etc/passwd", "http://", "http://ho st/", "http://host/a b",
        "http://host/a\r\nX: y",
        "http://host/ü", "http://host:99999/", "javascript:alert(1)",
    ])
    func `a URL that is not http, absolute and encoded is refused`(url: String) async throws {
        try await withClient { client in
            let error = try await client.failure(HTTPRequest(url: url))
            #expect(error.code == .invalidRequest)
            #expect(!error.wasSent)
        }
    }

    @Test(arguments: ["", "GE T", "GET\r\n", "CONNECT", "GÉT"])
    func `a method that is no token is refused`(method: String) async throws {
        try await withClient { client in
            let last = try await client.failure(HTTPRequest(method: method, url: "http://127.0.0.1/"))
            #expect(last.code == .invalidRequest)
        }
    }

    @Test func `options out of range are named`() {
        var options = HTTPClientOptions()
        options.connectionsPerOrigin = 0
        do {
            try options.validate()
            Issue.record("nothing was thrown")
        } catch {
            #expect(error.code == .invalidOptions)
            #expect(error.message.contains("connectionsPerOrigin"))
        }
    }
}

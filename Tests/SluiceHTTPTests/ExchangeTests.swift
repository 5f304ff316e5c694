import SluiceHTTP
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ExchangeTests {
    @Test func `a GET brings status, headers in order, body and times`() async throws {
        let server = TestServer { connection, _ in
            while connection.next() != nil { connection.answer("hello", headers: ["X-One: 1", "x-two:  two words ", "X-One: again"]) }
        }
        defer { server.stop() }
        try await withClient { client in
            let response = try await client.answer(
                HTTPRequest(url: server.url + "/posts/1?b=2&a", headers: [("X-Key", "v"), ("X-Void", "")]))
            #expect(response.status == 200)
            #expect(response.text == "hello")
            #expect(response.headers.map(\.name) == ["X-One", "x-two", "X-One", "Content-Length"])
            #expect(response.header("X-TWO") == "two words")
            #expect(response.version == .http11)
            #expect(response.firstByteAt <= response.completedAt)
        }
        let request = try #require(server.received.first)
        #expect(request.target == "/posts/1?b=2&a")
        #expect(request.head.contains("\r\nX-Key: v\r\n"))
        #expect(request.head.contains("\r\nX-Void:\r\n"))
        #expect(request.head.contains("\r\nUser-Agent: sluice/"))
        #expect(!request.head.contains("Accept-Encoding"))
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE", "GET", "QUERY"])
    func `a body goes out whole with any method that may have one`(method: String) async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        // curl would ask first whether it may send (Expect) from 1 MiB on.
        var body = [UInt8](repeating: 0xa5, count: 1_100_000)
        for place in stride(from: 0, to: body.count, by: 997) { body[place] = UInt8(truncatingIfNeeded: place) }
        let sent = body
        try await withClient { client in
            _ = try await client.answer(HTTPRequest(method: method, url: server.url, headers: [("Content-Type", "x/y")], body: sent))
        }
        let request = try #require(server.received.first)
        #expect(request.method == method)
        #expect(request.body == sent)
        #expect(request.head.contains("Content-Type: x/y"))
        #expect(!request.head.contains("Expect"))
    }

    @Test func `an empty POST says that it is empty, and claims no type`() async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        try await withClient { client in
            _ = try await client.answer(HTTPRequest(method: "POST", url: server.url))
            // The same handle serves the next request, which must be a plain GET again.
            _ = try await client.answer(HTTPRequest(url: server.url))
        }
        #expect(server.received[0].head.contains("Content-Length: 0"))
        #expect(!server.received[0].head.contains("Content-Type"))
        #expect(server.received[1].method == "GET")
        #expect(!server.received[1].head.contains("Content-Length"))
    }

    @Test(arguments: [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")])
    func `answers without a body end at their head`(method: String, status: String) async throws {
        let server = TestServer { connection, _ in
            while connection.next() != nil {
                connection.write("HTTP/1.1 \(status)\r\nContent-Length: \(status.hasPrefix("204") ? 0 : 500)\r\n\r\n")
            }
        }
        defer { server.stop() }
        try await withClient { client in
            for _ in 0..<2 {
                let response = try await client.answer(HTTPRequest(method: method, url: server.url))
                #expect(response.status == Int(status.prefix(3)))
                #expect(response.body.isEmpty)
            }
        }
        #expect(server.accepted == 1)
    }

    @Test func `a chunked body is put together, and its trailers are no headers`() async throws {
        let server = TestServer { connection, _ in
            while connection.next() != nil {
                connection.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n")
                connection.write("7\r\n, world\r\n0\r\nX-Sum: 1\r\n\r\n")
            }
        }
        defer { server.stop() }
        try await withClient { client in
            let response = try await client.answer(HTTPRequest(url: server.url))
            #expect(response.text == "hello, world")
            #expect(response.header("Link") == nil)
            #expect(response.header("X-Sum") == nil)
        }
    }

    @Test func `a body that ends with its connection is whole`() async throws {
        let server = TestServer { connection, _ in
            _ = connection.next()
            connection.write("HTTP/1.0 200 OK\r\n\r\nold style")
        }
        defer { server.stop() }
        try await withClient { client in
            let response = try await client.answer(HTTPRequest(url: server.url))
            #expect(response.text == "old style")
            #expect(response.version == .http10)
        }
    }

    @Test func `a redirect is an answer, not an order`() async throws {
        let server = TestServer { connection, _ in
            while connection.next() != nil { connection.answer(status: "302 Found", headers: ["Location: /elsewhere"]) }
        }
        defer { server.stop() }
        try await withClient { client in
            let response = try await client.answer(HTTPRequest(url: server.url))
            #expect(response.status == 302)
            #expect(response.header("location") == "/elsewhere")
        }
        #expect(server.received.count == 1)
    }

    @Test func `a path is sent as it stands`() async throws {
        let server = TestServer(answering: "ok")
        defer { server.stop() }
        try await withClient { client in
            _ = try await client.answer(HTTPRequest(url: server.url + "/a/../b//c/./%2e?x=/../y#part"))
        }
        #expect(server.received.first?.target == "/a/../b//c/./%2e?x=/../y")
    }

    @Test func `a host's name is looked up`() async throws {
        let server = TestServer(answering: "by name")
        defer { server.stop() }
        try await withClient { client in
            for _ in 0..<2 {
                let response = try await client.answer(HTTPRequest(url: "http://localhost:\(server.port)/"))
                #expect(response.text == "by name")
            }
        }
        #expect(server.received.first?.head.contains("Host: localhost:\(server.port)") == true)
    }
}

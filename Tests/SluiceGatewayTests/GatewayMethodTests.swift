import Sluice
import SluiceGateway
import SluiceHarness
import SluiceServer
import Synchronization
import Testing

/// Methods that the cache has no part in.
@Suite(.timeLimit(.minutes(10)))
struct GatewayMethodTests {
    /// Says what it was asked.
    private static func echo() async throws -> ScriptedMirror {
        try await ScriptedMirror { request in
            let seen = request.headers.map { "\($0.name.lowercased()): \($0.value)" }.joined(separator: "\n")
            return .now(
                ServerResponse(
                    status: request.method == "GET" ? 200 : 201,
                    headers: [("Connection", "x-secret"), ("X-Secret", "1"), ("Set-Cookie", "a=b"), ("Location", "/orders/1")],
                    body: Array("\(request.method) \(request.target)\n\(seen)\n\(String(decoding: request.body, as: UTF8.self))".utf8)))
        }
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    func `another method goes to one mirror with its body and the headers that concern it`(method: String) async throws {
        let mirror = try await Self.echo()
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            try client.send(
                "\(method) /orders?b=2&a=1&a=0&&c=%7e HTTP/1.1\r\nHost: gateway.example\r\nContent-Type: text/x\r\nIdempotency-Key: k1\r\n"
                    + "Authorization: Bearer s3cret\r\nCookie: c=d\r\nConnection: keep-alive, if-match\r\nIf-Match: \"v\"\r\nX-Other: o\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
            let answer = try await client.answer()
            #expect(answer.status == 201)
            #expect(answer.body.hasPrefix("\(method) /orders?b=2&a=1&a=0&&c=%7e\n") && answer.body.hasSuffix("\nhello"))
            #expect(answer.body.contains("content-type: text/x") && answer.body.contains("idempotency-key: k1"))
            for word in ["s3cret", "c=d", "gateway.example", "if-match", "x-other", "chunked"] {
                #expect(!answer.body.contains(word), "\(word)")
            }
            #expect(answer.headers["location"] == "/orders/1" && answer.headers["set-cookie"] == "a=b")
            #expect(answer.headers["x-secret"] == nil && answer.headers["sluice-mirror"] == "m1")
            let status = try CacheStatusField(answer.headers["cache-status"])
            #expect(status.forward == "method" && status.forwardStatus == 201 && status.detail == "mirror")
        }
        await mirror.shutDown()
    }

    @Test func `a write makes the cached answer for its path be forgotten`() async throws {
        let mirror = try await Self.echo()
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            for (read, written) in [("/things/1", "/things/1"), ("/things?a=1&b=2", "/things?b=2&a=1")] {
                _ = try await client.get(read)
                #expect(try CacheStatusField(await client.get(read).headers["cache-status"]).isHit)
                #expect(try await client.get(written, "Content-Length: 0\r\n", method: "PUT").status == 201)
                #expect(try CacheStatusField(await client.get(read).headers["cache-status"]).forward == "uri-miss")
            }
        }
        await mirror.shutDown()
    }

    @Test(arguments: [false, true])
    func `whoever follows a write's Location or Content-Location finds what it has made, not what was there before`(
        isAbsolute: Bool
    ) async throws {
        let likes = Mutex(0)
        let mirror = try await ScriptedMirror { request in
            let base = isAbsolute ? "http://\(request.headers["Host"] ?? "")/v1" : "/v1"
            guard request.method == "POST" else {
                let count = likes.withLock { $0 }
                // Before the first one there is no list of them.
                return .now(.text(count == 0 && request.path == "/v1/likes/1" ? 404 : 200, "\(count)"))
            }
            likes.withLock { $0 += 1 }
            let fields = [(name: "Location", value: base + "/likes/1#last"), (name: "Content-Location", value: base + "/posts?b=2&id=1")]
            return .now(ServerResponse(status: 303, headers: fields))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url + (isAbsolute ? "/v1" : "/v1/") }) { rig in
            let client = try rig.client()
            #expect(try await client.get("/likes/1").status == 404)
            for path in ["/posts?b=2&id=1", "/posts"] { _ = try await client.get(path) }
            let answer = try await client.get("/posts/1/likes", "Content-Length: 0\r\n", method: "POST")
            #expect(answer.status == 303 && answer.headers["location"] == "/likes/1#last")
            #expect(try await client.get("/likes/1").body == "1\n")
            #expect(try await client.get("/posts?id=1&b=2").body == "1\n")
            #expect(try await client.get("/posts").body == "0\n", "another path is left as it is")
        }
        await mirror.shutDown()
    }

    @Test func `an order whose client has gone before its slot came is not carried out`() async throws {
        // Its leaving must be known before the slot comes, also on a machine that stands still.
        try await Rig.run(limit: .init(1, per: .seconds(10))) { rig in
            let order = "POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
            let first = try rig.client()
            try first.send(order)
            #expect(try await first.answer().status == 201)
            let impatient = try rig.client()
            try impatient.send(order)
            impatient.shut()
            let last = try rig.client()
            try last.send(order)
            #expect(try await last.answer().status == 201)
            #expect(await rig.requests == 2)
            let metrics = try await last.get("/-/metrics").body
            #expect(metrics.contains(",code=\"499\"} 1\n"), "\(metrics)")
        }
    }

    @Test(arguments: [1, 600])
    func `a write whose client has gone while the mirror works on it makes the cached answer be forgotten all the same`(seconds: Int)
        async throws
    {
        let writes = Mutex(0)
        let text = Mutex("old")
        let mirror = try await ScriptedMirror { request in
            guard request.method == "PUT" else { return .now(.text(200, text.withLock { $0 })) }
            writes.withLock { $0 += 1 }
            return .later {
                try? await Task.sleep(for: .seconds(seconds))
                text.withLock { $0 = "new" }
                return .text(200, "written")
            }
        }
        try await Rig.run(pool: {
            $0.mirrors[0].url = mirror.url
            $0.timeout = .seconds(5)
        }) { rig in
            let client = try rig.client()
            _ = try await client.get("/things/1")
            #expect(try CacheStatusField(await client.get("/things/1").headers["cache-status"]).isHit)
            let impatient = try rig.client()
            try impatient.send("PUT /things/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            try await eventually("the write") { writes.withLock { $0 > 0 } }
            impatient.shut()
            try await eventually("the purge") {
                let answer = try await client.get("/things/1")
                return try seconds > 5 ? !CacheStatusField(answer.headers["cache-status"]).isHit : answer.body == "new\n"
            }
        }
        await mirror.shutDown()
    }

    @Test(arguments: ["TRACE", "CONNECT", "trace"])
    func `what would echo credentials or open a tunnel is refused`(method: String) async throws {
        try await Rig.run { rig in
            let answer = try await rig.client().get("/posts/1", method: method)
            #expect(try ProblemDocument(answer).status == 405)
            #expect(answer.headers["allow"]?.contains("POST") == true)
            #expect(await rig.requests == 0)
        }
    }

    @Test func `a send without a slot in time is 503`() async throws {
        try await Rig.run(limit: .init(1, per: .seconds(60))) { rig in
            let client = try rig.client()
            #expect(try await client.get("/posts/1").status == 200)
            let problem = try ProblemDocument(await client.get("/posts", "Prefer: wait=1\r\nContent-Length: 0\r\n", method: "POST"))
            #expect(problem.status == 503 && problem.code == "noSlotInTime")
        }
    }
}

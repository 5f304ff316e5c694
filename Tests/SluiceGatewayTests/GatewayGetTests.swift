import Sluice
import SluiceGateway
import SluiceHarness
import SluiceMirror
import SluiceServer
import Testing

/// `GET` and `HEAD`, on real sockets with a strict mirror; embedded and with a real Redis.
@Suite(.timeLimit(.minutes(10)))
struct GatewayGetTests {
    @Test(arguments: [false, true])
    func `the first answer comes from a mirror and says so, the next from memory`(redis: Bool) async throws {
        try await Rig.run(redis: redis) { rig in
            let client = try rig.client()
            let first = try await client.get("/posts/7")
            #expect(first.status == 200)
            #expect(first.body.contains("\"id\": 7") || first.body.contains("\"id\":7"))
            #expect(first.headers["mirror"] == "mirror" && first.headers["etag"] != nil)
            #expect(first.headers["content-type"] == "application/json; charset=utf-8")
            #expect(first.headers["sluice-mirror"] == "m1" && (0...10).contains(Int(first.headers["age"] ?? "") ?? -1))
            let asked = try CacheStatusField(first.headers["cache-status"])
            #expect(asked.forward == "uri-miss" && asked.forwardStatus == 200 && asked.isStored && !asked.isCollapsed)
            #expect(asked.detail == "mirror")

            let second = try await client.get("/posts/7")
            #expect(second.body == first.body && second.status == 200)
            #expect(second.headers["sluice-mirror"] == nil)
            #expect(second.headers["date"] == first.headers["date"] && second.headers["etag"] == first.headers["etag"])
            let hit = try CacheStatusField(second.headers["cache-status"])
            #expect(hit.isHit && hit.detail == "memory")
            #expect((0...60).contains(hit.ttl ?? -1))
            #expect((0...60).contains(Int(second.headers["age"] ?? "") ?? -1))
            #expect(await rig.requests == 1)
        }
    }

    @Test func `whoever writes over a record in Redis is heard, though an answer was ready to be sent`() async throws {
        try await Rig.run(redis: true) { rig in
            let client = try rig.client()
            let key = "sluice:{\(rig.pool.name)}:cache:GET:/posts/7"
            // Within one second of an answer's age and of what is left of it the same bytes would do.
            for write in 1...12 {
                for _ in 0..<3 { _ = try await client.get("/posts/7") }
                _ = try await rig.redis?.cli("HSET", key, "body", "\(write)")
                try await eventually("the new answer") { try await client.get("/posts/7").body == "\(write)" }
                for _ in 0..<3 { #expect(try await client.get("/posts/7").body == "\(write)") }
            }
        }
    }

    @Test func `a gateway of another process finds the answer in Redis`() async throws {
        try await Rig.run(redis: true) { rig in
            let first = try await rig.client().get("/posts?userId=3&_limit=2")
            let other = try await MirrorPool(rig.configuration)
            var configuration = GatewayConfiguration()
            configuration.listen = "127.0.0.1:0"
            let gateway = try await Gateway(pool: other, configuration: configuration)
            let second = try await RawClient(gateway.port).get("/posts?_limit=2&userId=3")
            await gateway.shutDown(grace: .zero)
            await other.shutDown(grace: .zero)
            let hit = try CacheStatusField(second.headers["cache-status"])
            #expect(hit.isHit && hit.detail == "redis" && (0...60).contains(hit.ttl ?? -1))
            #expect(second.body == first.body && second.headers["sluice-mirror"] == nil)
            #expect(await rig.requests == 1)
        }
    }

    @Test(arguments: [false, true])
    func `a record past its freshness is confirmed by the mirror, and that is said`(redis: Bool) async throws {
        let route = PoolConfiguration.Route(path: "/posts/{id}", fresh: .zero)
        try await Rig.run(redis: redis, gateway: { $0.routes = [route] }) { rig in
            let client = try rig.client()
            let first = try await client.get("/posts/7")
            #expect(try CacheStatusField(first.headers["cache-status"]).forward == "uri-miss")
            let second = try await client.get("/posts/7")
            let status = try CacheStatusField(second.headers["cache-status"])
            #expect(status.forward == "stale" && status.forwardStatus == 304 && status.detail == "mirror")
            #expect(second.status == 200 && second.body == first.body)
            #expect(await rig.requests == 2)
        }
    }

    @Test(arguments: [false, true])
    func `200 callers of one cold key cost one mirror request (G3)`(redis: Bool) async throws {
        try await Rig.run(redis: redis, mirror: [("latency", "300ms")]) { rig in
            let clients = try (0..<200).map { _ in try rig.client() }
            for client in clients { try client.send("GET /posts/1 HTTP/1.1\r\nHost: a\r\n\r\n") }
            var alone = 0
            for client in clients {
                let answer = try await client.answer()
                #expect(answer.status == 200)
                let status = try CacheStatusField(answer.headers["cache-status"])
                if status.forward != nil, !status.isCollapsed { alone += 1 }
            }
            #expect(alone == 1)
            let stats = await rig.mirror.stats
            #expect(stats.requests == 1 && stats.violations == 0)
        }
    }

    @Test func `HEAD gets the headers of GET without the body, cold and warm`() async throws {
        try await Rig.run { rig in
            let client = try rig.client()
            let cold = try await client.get("/posts/2", method: "HEAD")
            let get = try await client.get("/posts/2")
            let warm = try await client.get("/posts/2", method: "HEAD")
            for head in [cold, warm] {
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head.headers["content-length"] == "\(get.body.utf8.count)")
                #expect(head.headers["etag"] == get.headers["etag"])
            }
            #expect(try CacheStatusField(warm.headers["cache-status"]).isHit)
            #expect(await rig.requests == 1)
        }
    }

    @Test func `an answer with an error status of the API is passed on as it is`() async throws {
        try await Rig.run { rig in
            let answer = try await rig.client().get("/posts/100000")
            #expect(answer.status == 404 && answer.headers["content-type"]?.hasPrefix("application/json") == true)
            #expect(try CacheStatusField(answer.headers["cache-status"]).forwardStatus == 404)
        }
    }

    @Test func `an answer that is given again and again, in any form and size, is the same as the first`() async throws {
        let large = String(repeating: "a", count: 40_000)
        let mirror = try await ScriptedMirror { request in
            .now(
                ServerResponse(
                    headers: [(name: "ETag", value: "\"\(request.target)\""), (name: "Cache-Control", value: "max-age=1000")],
                    body: Array((request.target == "/large" ? large : "small").utf8)))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let clients = [try rig.client(), try rig.client()]
            for (target, body) in [("/small", "small"), ("/large", large)] {
                for round in 0..<40 {
                    let client = clients[round % 2]
                    let answer = try await client.get(target)
                    #expect(answer.status == 200 && answer.body == body && answer.headers["etag"] == "\"\(target)\"")
                    let head = try await client.get(target, method: "HEAD")
                    #expect(head.status == 200 && head.body == "" && head.headers["content-length"] == "\(body.utf8.count)")
                    let known = try await client.get(target, "If-None-Match: \"\(target)\"\r\n")
                    #expect(known.status == 304 && known.body == "")
                    let patient = try await client.get(target, "Prefer: wait=3\r\n")
                    #expect(patient.headers["preference-applied"] == "wait=3" && patient.body == body)
                    #expect(answer.headers["preference-applied"] == nil)
                }
            }
        }
    }

    @Test func `a client that has the answer gets 304`() async throws {
        try await Rig.run { rig in
            let client = try rig.client()
            let whole = try await client.get("/posts/3")
            let tag = try #require(whole.headers["etag"])
            let length = "\(whole.body.utf8.count)"
            for list in [tag, "\"other\", W/\(tag)", "*"] {
                let answer = try await client.get("/posts/3", "If-None-Match: \(list)\r\n")
                #expect(answer.status == 304 && answer.body.isEmpty && answer.headers["etag"] == tag)
                // RFC 9110, section 8.6: the length of what a 200 would have brought, or none.
                #expect(answer.headers["content-length"] == length && answer.headers["content-type"] == nil)
                #expect(try CacheStatusField(answer.headers["cache-status"]).isHit)
            }
            #expect(try await client.get("/posts/3", "If-None-Match: \"other\"\r\n").status == 200)
            let head = try await client.get("/posts/3", "If-None-Match: \(tag)\r\n", method: "HEAD")
            #expect(head.status == 304 && head.headers["content-length"] == length)
            #expect(await rig.requests == 1)
        }
    }

    @Test(arguments: ["GET", "POST"])
    func `Sluice-Mirror is the gateway's to say, not a mirror's`(method: String) async throws {
        let mirror = try await ScriptedMirror { _ in
            .now(ServerResponse(headers: [("sluice-mirror", "far"), ("X-Kept", "yes")], body: [0x61]))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            for round in 0..<2 {
                let client = try rig.client()
                try client.send("\(method) /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                let lines = try await client.rest().lowercased().split(separator: "\r\n")
                #expect(lines.contains("x-kept: yes"))
                #expect(
                    lines.filter { $0.hasPrefix("sluice-mirror:") } == (round == 1 && method == "GET" ? [] : ["sluice-mirror: m1"]),
                    "\(lines)")
            }
        }
        await mirror.shutDown()
    }

    @Test func `a tag that is not UTF-8 is nobody's, neither a mirror's nor a client's`() async throws {
        // A server that sends any bytes: "\xE9" from one mirror, and from a client "\xE8".
        let mirror = try await ScriptedMirror { _ in
            let head = Array("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 1\r\nETag: ".utf8)
            return .raw(RawReply(pieces: [head + [0x22, 0xE9, 0x22] + Array("\r\n\r\na".utf8)]))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            for byte: UInt8 in [0xE9, 0xE8] {
                try client.send(Array("GET /a HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"".utf8) + [byte] + Array("\"\r\n\r\n".utf8))
                let answer = try await client.answer()
                #expect(answer.status == 200 && answer.body == "a" && answer.headers["etag"] == nil)
            }
        }
        await mirror.shutDown()
    }

    @Test func `a file's name that a mirror writes in ISO 8859-1 arrives`() async throws {
        let mirror = try await ScriptedMirror { _ in
            let head = Array("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Disposition: attachment; filename=\"M".utf8)
            return .raw(RawReply(pieces: [head + [0xFC] + Array("ller\"\r\n\r\na".utf8)]))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            for _ in 1...2 {
                #expect(try await client.get("/a").headers["content-disposition"] == "attachment; filename=\"Müller\"")
            }
        }
        await mirror.shutDown()
    }

    @Test(arguments: ["GET", "HEAD"])
    func `answers after a 304 are read from where it ends, also of requests that were sent at once`(method: String) async throws {
        let large = String(repeating: "a", count: 40_000)
        let mirror = try await ScriptedMirror { _ in .now(ServerResponse(headers: [("ETag", "\"v\"")], body: Array(large.utf8))) }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            #expect(try await client.get("/a").body == large)
            let known = "\(method) /a HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"v\"\r\n\r\n"
            try client.send(known + known + "GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + known)
            for status in [304, 304, 200, 304] {
                let answer = try await client.answer(isHead: status == 304)
                #expect(answer.status == status && answer.headers["content-length"] == "40000")
                #expect(answer.body == (status == 200 ? large : ""))
            }
            #expect(try await client.get("/-/health").status == 200)
        }
        await mirror.shutDown()
    }

    @Test(arguments: [
        ("Sat, 21 Nov 2026 01:12:26 GMT", 304), ("Sat, 21 Nov 2026 01:12:27 GMT", 304), ("Saturday, 21-Nov-26 01:12:26 GMT", 304),
        ("Sat, 21 Nov 2026 01:12:25 GMT", 200), ("yesterday", 200), ("", 200),
        ("Sat, 21 Nov 2026 01:12:26 GMT\r\nIf-None-Match: \"x\"", 200),
    ])
    func `a client that has the answer of that date or a later one gets 304`(date: String, status: Int) async throws {
        let modified = "Sat, 21 Nov 2026 01:12:26 GMT"
        let mirror = try await ScriptedMirror { _ in
            .now(ServerResponse(headers: [("Last-Modified", modified), ("ETag", "\"y\"")], body: [0x61]))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            for _ in 0..<2 {
                let answer = try await client.get("/a", "If-Modified-Since: \(date)\r\n")
                #expect(answer.status == status && answer.headers["last-modified"] == modified)
                #expect(answer.body == (status == 200 ? "a" : ""))
            }
        }
        await mirror.shutDown()
    }

    @Test func `a star in If-None-Match is any answer, also one without a tag`() async throws {
        let mirror = try await ScriptedMirror { _ in .now(ServerResponse(headers: [("X-Any", "1")], body: [0x61])) }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            for (condition, status) in [("*", 304), ("\"x\"", 200)] {
                #expect(try await client.get("/a", "If-None-Match: \(condition)\r\n").status == status)
            }
        }
        await mirror.shutDown()
    }

    @Test func `nothing of one connection crosses, in either direction, and no request header of a GET`() async throws {
        let mirror = try await ScriptedMirror { request in
            let seen = request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            return .now(
                ServerResponse(
                    headers: [
                        ("Connection", "x-secret"), ("X-Secret", "1"), ("Keep-Alive", "timeout=5"), ("Proxy-Authenticate", "Basic"),
                        ("X-Kept", "yes"),
                        ("TE", "trailers"),
                    ], body: Array(seen.utf8)))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            let headers = "Authorization: Bearer s3cret\r\nCookie: a=b\r\nX-Any: 1\r\nAccept: text/html\r\n"
            for _ in 0..<2 {
                let answer = try await client.get("/a", headers)
                #expect(answer.headers["x-kept"] == "yes")
                for name in ["x-secret", "keep-alive", "proxy-authenticate", "te"] { #expect(answer.headers[name] == nil, "\(name)") }
                for word in ["s3cret", "a=b", "X-Any", "text/html"] { #expect(!answer.body.contains(word)) }
            }
        }
        await mirror.shutDown()
    }
}

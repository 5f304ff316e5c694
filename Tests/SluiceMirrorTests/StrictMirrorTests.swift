import Foundation
import SluiceHarness
import SluiceLoop
import SluiceMirror
import SluiceServer
import Testing

/// The strict mirror over real sockets.
@Suite(.timeLimit(.minutes(10)))
struct StrictMirrorTests {
    /// Starts a mirror with these options as text, runs `body` with its port, and ends it.
    private func mirror(_ texts: [(String, String)], _ body: (UInt16, StrictMirror) async throws -> Void) async throws {
        var options = StrictMirrorOptions()
        for (name, text) in texts { try options.set(name, to: text) }
        let loop = EventLoop(name: "test-mirror")
        let mirror = StrictMirror(on: loop, options: options)
        do {
            try await body(mirror.start().port, mirror)
        } catch {
            await mirror.shutDown(drainingFor: .zero)
            await loop.shutDown()
            throw error
        }
        await mirror.shutDown(drainingFor: .zero)
        await loop.shutDown()
    }

    private func stats(_ port: UInt16) async throws -> [String: Any] {
        let body = try await RawClient(port).get("/__stats").body
        return try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    }

    @Test func `a request over the limit is refused, bans everybody, and is reported`() async throws {
        try await mirror([("limit", "5/1h"), ("block", "1h"), ("name", "a")]) { port, _ in
            let client = try RawClient(port)
            for id in 1...5 { #expect(try await client.get("/posts/\(id)").status == 200) }
            let over = try await client.get("/posts/6")
            #expect(over.status == 429)
            #expect(over.headers["retry-after"].flatMap { Int($0) }.map { (3_590...3_600).contains($0) } == true)
            let banned = try await RawClient(port).get("/posts/1")
            #expect(banned.status == 403)
            #expect(banned.headers["retry-after"] != nil)

            let stats = try await stats(port)
            #expect(stats["name"] as? String == "a")
            #expect(stats["limits"] as? [String] == ["5/1h"])
            #expect(stats["requests"] as? Int == 7)
            #expect(stats["violations"] as? Int == 2)
            #expect(stats["bans"] as? Int == 1)
            #expect(stats["refused_while_banned"] as? Int == 1)
            #expect(stats["worst_window"] as? [[String: Int]] == [["limit": 5, "window_ms": 3_600_000, "worst": 7]])
            #expect(stats["distinct_targets"] as? Int == 6)
            #expect(stats["duplicates"] as? [String: Int] == ["/posts/1": 2])
            #expect(stats["statuses"] as? [String: Int] == ["200": 5, "403": 1, "429": 1])
            #expect(stats["in_flight_max"] as? Int == 1)
            #expect(try #require(stats["first_ms"] as? Int) <= #require(stats["last_ms"] as? Int))
        }
    }

    @Test func `a violation without a block is refused alone, and the window opens again`() async throws {
        try await mirror([("limit", "2/2s")]) { port, mirror in
            let client = try RawClient(port)
            var refused = 0
            // Four at once over-run the limit on any machine that reads them within 2 s; the last is accepted in the end.
            try client.send(String(repeating: "GET /todos/1 HTTP/1.1\r\nHost: a\r\n\r\n", count: 4))
            for _ in 0..<4 { if try await client.answer().status == 429 { refused += 1 } }
            #expect(refused >= 1)
            let clock = ContinuousClock()
            let end = clock.now + .seconds(30)
            while clock.now < end {
                try await Task.sleep(for: .milliseconds(2_010))
                if try await client.get("/todos/1").status == 200 { break }
            }
            let seen = await mirror.stats
            #expect(seen.bans == 0)
            #expect(seen.statuses[200, default: 0] >= 3)
        }
    }

    @Test func `the log has every counted request with its status`() async throws {
        try await mirror([("limit", "2/1h")]) { port, _ in
            let client = try RawClient(port)
            _ = try await client.get("/posts/1?x=%22")
            _ = try await client.get("/none", method: "HEAD")
            _ = try await client.get("/__stats")
            _ = try await client.get("/posts/2")
            let answer = try await client.get("/__log")
            let lines = try answer.body.split(separator: "\n").map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            #expect(lines.map { $0["target"] as? String } == ["/posts/1?x=%22", "/none", "/posts/2"])
            #expect(lines.map { $0["method"] as? String } == ["GET", "HEAD", "GET"])
            #expect(lines.map { $0["status"] as? Int } == [200, 404, 429])
            #expect(lines.allSatisfy { $0["ms"] is Int })
        }
    }

    @Test func `latency delays each answer and none for another`() async throws {
        try await mirror([("latency", "300ms"), ("limit", "51/1h")]) { port, mirror in
            let clock = ContinuousClock()
            var began = clock.now
            #expect(try await RawClient(port).get("/posts/1").status == 200)
            #expect(clock.now - began >= .milliseconds(300))
            began = clock.now
            let clients = try (0..<50).map { _ in try RawClient(port) }
            for client in clients { try client.send("GET /posts/1 HTTP/1.1\r\nHost: a\r\n\r\n") }
            // Counted on arrival: all are seen before the first is answered, and one more is refused at once.
            try await eventually("the arrival of all") { await mirror.stats.requests >= 51 }
            #expect(try await RawClient(port).get("/posts/2").status == 429)
            for client in clients { #expect(try await client.answer().status == 200) }
            // One after the other they would take 15 s.
            #expect(clock.now - began < .seconds(14))
            #expect(await mirror.stats.inFlightMax >= 2)
        }
    }

    @Test func `answers can be revalidated and carry the freshness they were given`() async throws {
        try await mirror([("max-age", "1m")]) { port, _ in
            let client = try RawClient(port)
            let first = try await client.get("/posts/55")
            #expect(first.headers["cache-control"] == "max-age=60")
            #expect(first.headers["content-type"]?.hasPrefix("application/json") == true)
            let tag = try #require(first.headers["etag"])
            let again = try await client.get("/posts/55", "If-None-Match: \"x\", W/\(tag)\r\n")
            #expect(again.status == 304)
            #expect(again.headers["etag"] == tag)
            #expect(try await client.get("/posts/56", "If-None-Match: \(tag)\r\n").status == 200)
        }
    }

    @Test func `orders are numbered and other methods refused`() async throws {
        try await mirror([]) { port, _ in
            let client = try RawClient(port)
            for id in 1...3 {
                try client.send("POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n{\"item\": 7}")
                let answer = try await client.answer()
                #expect(answer.status == 201)
                #expect(answer.body == "{\"item\": 7,\"id\":\(id)}\n")
            }
            #expect(try await client.get("/posts/1", method: "DELETE").status == 405)
        }
    }

    @Test func `a mirror that misbehaves counts truthfully, and spares what it was not told to treat badly`() async throws {
        try await mirror([("misbehave", "hang-up:2"), ("limit", "9/1h")]) { port, mirror in
            #expect(try await RawClient(port).get("/posts/1").status == 200)
            let client = try RawClient(port)
            try client.send("GET /posts/2 HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.rest() == "")
            #expect(try await RawClient(port).get("/posts/3").status == 200)
            #expect(await mirror.stats.requests == 3)
            #expect(await mirror.stats.statuses == [200: 2, 0: 1])
        }
        try await mirror([("misbehave", "garbage")]) { port, _ in
            let client = try RawClient(port)
            try client.send("GET /posts/2 HTTP/1.1\r\nHost: a\r\n\r\n")
            let garbage = try await client.rest()
            #expect(!garbage.isEmpty && !garbage.hasPrefix("HTTP"))
        }
        try await mirror([("misbehave", "cut-off")]) { port, _ in
            let client = try RawClient(port)
            try client.send("GET /posts/2 HTTP/1.1\r\nHost: a\r\n\r\n")
            let half = try await client.rest()
            #expect(half.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(half.contains("\r\n\r\n{") && !half.hasSuffix("}\n"))
        }
        for (retryAfter, said) in [(nil, nil), ("999999999s", "999999999")] as [(String?, String?)] {
            try await mirror([("misbehave", "refuse")] + (retryAfter.map { [("retry-after", $0)] } ?? [])) { port, mirror in
                let refusal = try await RawClient(port).get("/posts/1")
                #expect(refusal.status == 429)
                #expect(refusal.headers["retry-after"] == said)
                #expect(await mirror.stats.violations == 0)
            }
        }
        for kind in ["hang", "slow-body"] {
            try await mirror([("misbehave", kind)]) { port, mirror in
                try RawClient(port).send("GET /posts/2 HTTP/1.1\r\nHost: a\r\n\r\n")
                try await eventually("the request") { await mirror.stats.requests >= 1 }
                #expect(try await RawClient(port).get("/__stats").status == 200, "a request that hangs holds up another")
                #expect(await mirror.stats.statuses == [0: 1])
            }
        }
    }

    @Test func `faults come when they were ordered`() async throws {
        try await mirror([("fail-every", "3"), ("limit", "9/1h"), ("retry-after", "7s")]) { port, _ in
            let client = try RawClient(port)
            var statuses: [Int] = []
            for id in 1...9 { statuses.append(try await client.get("/posts/\(id)").status) }
            #expect(statuses == [200, 200, 500, 200, 200, 500, 200, 200, 500])
            #expect(try await client.get("/posts/1").headers["retry-after"] == "7")
        }
    }

    @Test func `curl agrees about keep-alive, HEAD and bodies`() async throws {
        try await mirror([("posts", "240")]) { port, mirror in
            let url = "http://127.0.0.1:\(port)"
            let null = ["-o", "/dev/null"]
            let two = try curl(["-w", "%{http_code} %{num_connects}\n"] + null + ["\(url)/posts/240"] + null + ["\(url)/posts/241"])
            #expect(two == "200 1\n404 0\n")
            let head = try curl(["-I", "\(url)/posts/1"])
            #expect(head.hasPrefix("HTTP/1.1 200 OK"))
            let order = try curl(["-d", "{\"a\":1}", "\(url)/orders"])
            #expect(order == "{\"a\":1,\"id\":1}\n")
            let big = String(repeating: "x", count: 2_000_000)
            let status = try curl(["-w", "%{http_code}", "--data-binary", "@-"] + null + ["\(url)/orders"], input: big)
            #expect(status == "413")
            #expect(await mirror.stats.requests == 4)
        }
    }

    private func curl(_ arguments: [String], input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = ["-s", "--max-time", "20"] + arguments
        let output = Pipe()
        let source = Pipe()
        process.standardOutput = output
        process.standardInput = source
        try process.run()
        source.fileHandleForReading.closeFile()
        try? source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        source.fileHandleForWriting.closeFile()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }
}

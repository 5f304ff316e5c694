import Foundation
import Sluice
import SluiceGateway
import SluiceHarness
import SluiceServer
import Testing

/// Untrusted input: the right status, a problem document, no crash, nothing at the mirror, and others are served.
@Suite(.timeLimit(.minutes(10)))
struct GatewayHostileTests {
    @Test func `bad targets are refused with a problem document`() async throws {
        let table: [(target: String, status: Int)] = [
            ("//evil.example/x", 400), ("http:///x", 400), ("http://", 400), ("http://:80/x", 400), ("https://u@evil.example/", 400),
            ("http://a//evil.example/x", 400), ("http://a/../x", 400), ("HTTPS://a/%2e%2e/x", 400), ("http://a#b", 400),
            ("http:/x", 400), ("http:x", 400), ("ftp://a/x", 400), ("httpx://a/x", 400), ("@evil.example/x", 400),
            ("evil.example:80", 400), ("*", 400), ("x", 400), ("/../x", 400), ("/a/../../x", 400), ("/a/./x", 400), ("/..", 400),
            ("/%2e%2e/x", 400), ("/%2E./x", 400), ("/a%2f..%2fb", 400), ("/a%5C..%5Cb", 400), ("/..;x/y", 400), ("/a\\b", 400),
            ("/a%", 400), ("/a%zz", 400), ("/a#b", 400), ("/" + String(repeating: "a", count: 9_000), 414),
            ("/" + String(repeating: "a", count: 15_000), 414),
            ("/-/nothing", 404), ("/-", 404), ("/%2D/nothing", 404), ("/-/health/", 404), ("/-//health", 404),
        ]
        try await Rig.run { rig in
            let other = try rig.client()
            for (target, status) in table {
                for method in ["GET", "POST", "HEAD"] where method != "POST" || status != 405 {
                    let client = try rig.client()
                    let answer = try await client.get(target, "Content-Length: 0\r\n", method: method)
                    #expect(answer.status == status, "\(method) \(target)")
                    if method != "HEAD" {
                        let problem = try ProblemDocument(answer)
                        #expect(problem.instance?.isEmpty == false && problem.instance?.hasPrefix("//") == false, "\(target)")
                    }
                }
                #expect(try await other.get("/-/health").status == 200)
            }
            #expect(await rig.requests == 0)
        }
    }

    @Test func `odd but honest targets reach the mirror's host and no other`() async throws {
        try await Rig.run { rig in
            let client = try rig.client()
            for target in [
                "/@evil.example", "/a@b:80/c", "/a//b", "/a%2Fb", "/%0d%0aX:%20y", "/?x=//evil.example", "/.well-known/x", "/...",
            ] {
                #expect(try await client.get(target).status == 404, "\(target)")
            }
            #expect(await rig.requests == 8)
        }
    }

    @Test(
        arguments: [
            ("http://evil.example/posts?b=2&a=1", "/posts?b=2&a=1"), ("HtTpS://[::1]:8443/%7ea//b", "/%7ea//b"), ("http://a", "/"),
            ("http://a?x=//b/-/health", "/?x=//b/-/health"), ("http://a:80/http://d/e", "/http://d/e"),
            ("http://127.0.0.1/get/7?x", "/got/7?x"),
        ])
    func `a whole URL as target is its path and query, at the mirror's host and no other`(target: String, asked: String) async throws {
        let mirror = try await ScriptedMirror { request in .now(.text(200, request.target)) }
        let route = PoolConfiguration.Route(path: "/get/{id}", upstream: "/got/{id}")
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }, gateway: { $0.routes = [route] }) { rig in
            let client = try rig.client()
            let sent = try await client.get(target, "Content-Length: 0\r\n", method: "POST")
            #expect(sent.status == 200 && sent.body == asked + "\n")
            // Other forms of the same are one answer.
            let got = try await client.get(target)
            let normal = try PoolTarget(asked).text
            #expect(got.status == 200 && got.body == normal + "\n")
            let again = try await client.get(asked.hasPrefix("/got/") ? "/get/7?x" : asked)
            #expect(try CacheStatusField(again.headers["cache-status"]).isHit && again.body == got.body)
            #expect(try CacheStatusField(await client.get(target).headers["cache-status"]).isHit)
        }
        await mirror.shutDown()
    }

    @Test func `the gateway's pages have whole URLs, too, and need as much leave`() async throws {
        try await Rig.run(gateway: { $0.managementToken = "s3cret" }) { rig in
            let client = try rig.client()
            #expect(try await client.get("http://gateway.example/-/health").status == 200)
            #expect(try await client.get("HTTP://a/%2D/metrics").status == 401)
            #expect(try await client.get("http://a/-/purge?all=1", "Content-Length: 0\r\n", method: "POST").status == 401)
            let leave = "Authorization: Bearer s3cret\r\nContent-Length: 0\r\n"
            #expect(try await client.get("http://a/-/purge?all=1", leave, method: "POST").body == "{\"purged\":true}\n")
            #expect(await rig.requests == 0)
        }
    }

    @Test(arguments: [" ", "\u{1}", "\r\nX: y", "ä"])
    func `control characters, line breaks and bytes beyond ASCII never pass`(bytes: String) async throws {
        try await Rig.run { rig in
            let client = try rig.client()
            try client.send("GET /a\(bytes)b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let text = try await client.rest()
            #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 4") || text.hasPrefix("HTTP/1.1 5"), "\(text)")
            #expect(await rig.requests == 0)
            #expect(try await rig.client().get("/-/health").status == 200)
        }
    }

    @Test func `a head that is too long is 431 with a problem document`() async throws {
        try await Rig.run { rig in
            let other = try rig.client()
            let client = try rig.client()
            try client.send("GET /posts/1 HTTP/1.1\r\nHost: a\r\nX-Long: \(String(repeating: "a", count: 9 << 10))\r\n\r\n")
            let answer = try await client.answer()
            let problem = try ProblemDocument(answer)
            #expect(problem.status == 431 && problem.code == "headTooLarge")
            #expect(answer.headers["connection"] == "close")
            #expect(try await other.get("/posts/1").status == 200)
            #expect(await rig.requests == 1)
        }
    }

    @Test(arguments: [26, 40, 64])
    func `a head that is much too long is 431, and ends its own connection only`(kibibytes: Int) async throws {
        try await Rig.run { rig in
            let other = try rig.client()
            for header in ["X-Long: " + String(repeating: "a", count: kibibytes << 10), Self.manyHeaders(kibibytes)] {
                let client = try rig.client()
                try client.send("GET /posts/1 HTTP/1.1\r\nHost: a\r\n\(header)\r\n\r\n")
                let answer = try await client.answer()
                #expect(answer.status == 431)
                #expect(answer.headers["connection"] == "close")
            }
            let client = try rig.client()
            try client.send("GET /\(String(repeating: "a", count: kibibytes << 10)) HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try await client.answer()
            #expect(answer.status == 414 && answer.headers["connection"] == "close")
            #expect(try await other.get("/posts/1").status == 200)
            #expect(await rig.requests == 1)
        }
    }

    /// Whatever the request leaves of the connection's memory, an answer comes, or it is said why none does.
    @Test(arguments: [100, 3_000, 7_900, 8_300, 12_000])
    func `an answer with a long head is passed on up to 8 KiB, and beyond that is a 502`(bytes: Int) async throws {
        let fields = (0..<10).map { (name: "X-\($0)", value: String(repeating: "v", count: bytes / 10 - 7)) }
        let mirror = try await ScriptedMirror { request in .now(ServerResponse(headers: fields, body: Array("here".utf8))) }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let requests = [
                "", "X: \(String(repeating: "a", count: 7_000))\r\n", Self.manyHeaders(6) + "\r\n",
                "Cookie: \((0..<50).map { "c\($0)=\(String(repeating: "d", count: 20))" }.joined(separator: "; "))\r\n",
                (0..<100).map { "Y-\($0): b\r\n" }.joined(),
            ]
            for request in requests {
                for _ in 0..<4 {
                    let answer = try await rig.client().get("/posts/1", request)
                    #expect(answer.status == (bytes < 8_000 ? 200 : 502))
                    if bytes < 8_000 {
                        #expect(answer.body == "here" && answer.headers["x-9"] == fields[9].value)
                    } else {
                        #expect(try ProblemDocument(answer).code == "answerHeadTooLarge")
                    }
                }
            }
        }
    }

    @Test func `a head with more fields, parameters or cookies than there is room for is 431`() async throws {
        try await Rig.run { rig in
            let other = try rig.client()
            let cookies = (0..<150).map { "c\($0)=\(String(repeating: "d", count: 20))" }.joined(separator: "; ")
            let heads = [
                ("/posts/1", (0..<400).map { "Y-\($0): b\r\n" }.joined()), ("/posts/1", "Cookie: \(cookies)\r\n"),
                ("/posts/1?" + (0..<300).map { "p\($0)" }.joined(separator: "&"), ""),
            ]
            for (target, headers) in heads {
                let answer = try await rig.client().get(target, headers)
                #expect(answer.status == 431)
            }
            #expect(await rig.requests == 0)
            #expect(try await other.get("/posts/1").status == 200)
        }
    }

    @Test func `a head of megabytes ends its own connection only`() async throws {
        try await Rig.run { rig in
            let client = try rig.client()
            // The gateway may close before it has read all of it.
            try? client.send("GET /posts/1 HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 4 << 20) + "\r\n\r\n")
            let text = (try? await client.rest()) ?? ""
            #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 431"), "\(text.prefix(100))")
            #expect(try await rig.client().get("/posts/1").status == 200)
        }
    }

    @Test func `a body that is too long is 413 with a problem document, announced or not`() async throws {
        try await Rig.run(gateway: { $0.maxBodyBytes = 1_000 }) { rig in
            let announced = try rig.client()
            try announced.send("POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
            #expect(try ProblemDocument(await announced.answer()).code == "bodyTooLarge")
            let chunked = try rig.client()
            try chunked.send("POST /posts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<3 { try chunked.send("1f4\r\n" + String(repeating: "a", count: 500) + "\r\n") }
            try chunked.send("0\r\n\r\n")
            #expect(try ProblemDocument(await chunked.answer()).status == 413)
            #expect(await rig.requests == 0)
            #expect(try await rig.client().get("/posts/1").status == 200)
        }
    }

    @Test func `smuggled requests are refused with a problem document`() async throws {
        try await Rig.run { rig in
            for headers in ["Content-Length: 3\r\nTransfer-Encoding: chunked", "Content-Length: 3\r\nContent-Length: 4", "Host: b"] {
                let client = try rig.client()
                try client.send("POST /posts HTTP/1.1\r\nHost: a\r\n\(headers)\r\n\r\n0\r\n\r\nGET /posts/1 HTTP/1.1\r\nHost: a\r\n\r\n")
                let text = try await client.rest()
                #expect(text.hasPrefix("HTTP/1.1 400 "), "\(text)")
                #expect(!text.contains("200 OK"))
            }
            #expect(await rig.requests == 0)
        }
    }

    @Test func `half requests and idle connections are cut off while others are served`() async throws {
        // Not so short that whoever sends at once could be cut off on a machine that stands still.
        try await Rig.run(gateway: { $0.idleTimeout = .seconds(2) }) { rig in
            let idle = try (0..<200).map { _ in try rig.client() }
            for (index, client) in idle.enumerated() where index.isMultiple(of: 2) { try client.send("GET /posts/1 HT") }
            #expect(try await rig.client().get("/posts/1").status == 200)
            for client in idle { _ = try await client.rest() }
        }
    }

    @Test func `1,000 connections that are idle or half way through a request keep nobody else waiting`() async throws {
        // 1,000 on either side; what processes are given by default is 1,024.
        var files = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &files)
        files.rlim_cur = min(files.rlim_max, max(files.rlim_cur, 8_192))
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &files)
        try await Rig.run(gateway: { $0.idleTimeout = .seconds(600) }) { rig in
            #expect(try await rig.client().get("/posts/1").status == 200)
            let idle = try (0..<1_000).map { _ in try rig.client() }
            for (index, client) in idle.enumerated() {
                switch index % 4 {
                case 0: try client.send("GET /posts/1 HTTP/1.1\r\nHost: a\r\nX-Half: ")
                case 1: try client.send("POST /posts HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{")
                case 2: #expect(try await client.get("/posts/1").status == 200)
                default: break
                }
            }
            var slowest = Duration.zero
            for index in 0..<50 {
                let began = ContinuousClock.now
                #expect(try await rig.client().get("/posts/\(1 + index % 2)").status == 200)
                slowest = max(slowest, began.duration(to: .now))
            }
            #expect(slowest < .seconds(60))
            // All of them are still served.
            for client in idle[500...520] where idle.firstIndex(where: { $0 === client })! % 4 >= 2 {
                #expect(try await client.get("/posts/1").status == 200)
            }
            #expect(await rig.requests == 2)
        }
    }

    @Test(arguments: [
        "Transfer-Encoding : chunked", "X: a\rTransfer-Encoding: chunked", "X: a\u{1}b", "X\0: b", "(x): b",
        "Transfer-Encoding:\r\n chunked", "Content-Length:\r\n 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\ncontent-length: 6", "Content-Length: 5, 5",
        "Content-Length: +5", "Content-Length: 0x5", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, gzip", "Host: b",
        "no colon",
    ])
    func `what two programs could read differently is refused, and what follows is not read`(header: String) async throws {
        try await Rig.run { rig in
            for start in ["POST /posts", "GET /posts/2"] {
                let client = try rig.client()
                try client.send("\(start) HTTP/1.1\r\nHost: a\r\n\(header)\r\n\r\n0\r\n\r\nGET /posts/1 HTTP/1.1\r\nHost: a\r\n\r\n")
                let text = try await client.rest()
                #expect(text.hasPrefix("HTTP/1.1 400 "), "\(text)")
                #expect(!text.contains("200 OK"))
            }
            #expect(await rig.requests == 0)
        }
    }

    private static func manyHeaders(_ kibibytes: Int) -> String {
        (0..<kibibytes * 8).map { "X-\($0): " + String(repeating: "b", count: 120) }.joined(separator: "\r\n")
    }
}

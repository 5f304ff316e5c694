import Foundation
import Sluice
import SluiceHarness
import SluiceServer
import Testing

@testable import SluiceGateway

/// The pages under `/-/`.
@Suite(.timeLimit(.minutes(10)))
struct GatewayManagementTests {
    @Test(arguments: [false, true])
    func `health and ready are 200, and status is JSON that names the mirror and the node`(redis: Bool) async throws {
        try await Rig.run(redis: redis) { rig in
            let client = try rig.client()
            #expect(try await client.get("/-/health").status == 200)
            #expect(try await client.get("/-/ready").status == 200)
            #expect(try await client.get("/posts/1").status == 200)
            let limit = ContinuousClock.now + .seconds(30)
            var mirrors: [String: Any]?
            var nodes: [String: Any]?
            // Metrics reach Redis within two seconds.
            repeat {
                let answer = try await client.get("/-/status")
                #expect(answer.status == 200 && answer.headers["content-type"] == "application/json")
                let json = try #require(JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
                #expect(json["pool"] as? String == "default" && json["leader"] != nil)
                mirrors = json["mirrors"] as? [String: Any]
                nodes = json["nodes"] as? [String: Any]
                if mirrors?["m1"] != nil, nodes?[rig.pool.node] != nil { break }
                try await Task.sleep(for: .milliseconds(20))
            } while ContinuousClock.now < limit
            #expect(mirrors?["m1"] != nil && nodes?[rig.pool.node] != nil)
        }
    }

    @Test func `metrics are in Prometheus' format, and tell this node's counts`() async throws {
        try await Rig.run(pool: { $0.pool = "odd.name-1" }) { rig in
            let client = try rig.client()
            for _ in 0..<3 { #expect(try await client.get("/posts/1").status == 200) }
            #expect(try await client.get("//x").status == 400)
            let answer = try await client.get("/-/metrics")
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let text = try PrometheusText(answer.body)
            for key in text.families.values.flatMap(\.samples.keys) {
                #expect(key.contains("pool=\"odd.name-1\",node=\"\(rig.pool.node)\""), "\(key)")
            }
            #expect(text.value("sluice_memory_hits_total") == 2 && text.value("sluice_misses_total") == 1)
            #expect(text.value("sluice_gateway_responses_total", "code=\"400\"") == 1)
            #expect(text.value("sluice_gateway_responses_total", "code=\"200\"") == 3)
            #expect(text.value("sluice_gateway_requests_in_flight") == 0)
            #expect(text.value("sluice_gateway_response_seconds_count") == 4)
            #expect((text.value("sluice_gateway_response_seconds_sum") ?? 0) > 0)
            #expect(text.value("sluice_mirror_effective_limit", "mirror=\"m1\"") ?? 0 > 0)
            #expect(text.value("sluice_mirror_throttled_total", "mirror=\"m1\"") == 0)
            #expect(text.value("sluice_mirror_penalised_until_timestamp_seconds", "mirror=\"m1\"") == 0)
            #expect(text.value("sluice_mirror_circuit", "mirror=\"m1\",state=\"closed\"") == 1)
            #expect(text.value("sluice_mirror_circuit", "mirror=\"m1\",state=\"open\"") == 0)
            #expect(text.value("sluice_gateway_response_seconds_bucket", "le=\"+Inf\"") == 4)
        }
    }

    @Test(.enabled(if: Self.promtool != nil, "promtool is not installed; it comes with Debian's package prometheus"))
    func `promtool finds nothing to say about the metrics`() async throws {
        try await Rig.run { rig in
            let client = try rig.client()
            #expect(try await client.get("/posts/1").status == 200)
            let metrics = try await client.get("/-/metrics").body
            let check = try await ChildProcess.run(try #require(Self.promtool), ["check", "metrics"], input: Array(metrics.utf8))
            #expect(check.ending == .exited(0) && check.standardOutput.isEmpty && check.standardError.isEmpty, "\(check.standardError)")
        }
    }

    private static let promtool = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/promtool" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(arguments: [false, true])
    func `a purged path is fetched again, by path and by tag`(redis: Bool) async throws {
        let mirror = try await ScriptedMirror { _ in .now(ServerResponse(headers: [("Cache-Tag", "t1"), ("Surrogate-Key", "t1")])) }
        let route = PoolConfiguration.Route(path: "/alias/{id}", upstream: "/items/{id}")
        try await Rig.run(redis: redis, pool: { $0.mirrors[0].url = mirror.url }, gateway: { $0.routes = [route] }) { rig in
            let client = try rig.client()
            func isHit(_ target: String) async throws -> Bool {
                try CacheStatusField(await client.get(target).headers["cache-status"]).isHit
            }
            func purge(_ query: String) async throws -> RawClient.Answer {
                try await client.get("/-/purge?\(query)", "Content-Length: 0\r\n", method: "POST")
            }
            for (target, query) in [
                ("/items/1?a=1&b=2", "path=/items/1?a=1%26b=2"), ("/alias/2", "path=%2Falias%2F2"), ("/items/3", "tag=t1"),
            ] {
                #expect(try await !isHit(target))
                #expect(try await isHit(target))
                let answer = try await purge(query)
                #expect(answer.status == 200 && !answer.body.contains(":0"), "\(query) \(answer)")
                #expect(try await !isHit(target), "\(query)")
            }
            #expect(try await purge("path=/none").body == "{\"purged\":0}\n")
            for (target, query) in [("/items/4", "prefix=/items"), ("/items/5", "all=1"), ("/items/6", "all=true")] {
                #expect(try await !isHit(target))
                #expect(try await isHit(target))
                #expect(try await purge(query).body == "{\"purged\":true}\n")
                #expect(try await !isHit(target), "\(query)")
            }
            #expect(try await purge("prefix=/elsewhere").status == 200)
            #expect(try await isHit("/items/6"))
            for query in [
                "", "path=", "all=0", "all", "prefix=items", "prefix=/a%3Fb", "prefix=/a&all=1", "tag=a&path=/b", "x=1", "path=//x",
                "path=%zz", "tag=%FF", "tag=a%20b", "tag=gr%C3%B6sse", "path=/-/health",
            ] {
                #expect(try ProblemDocument(await purge(query)).status == 400, "\(query)")
            }
            #expect(try ProblemDocument(await client.get("/-/purge?path=/a")).status == 405)
        }
        await mirror.shutDown()
    }

    @Test(arguments: [("POST", "/-/purge?path=/a"), ("GET", "/-/status"), ("GET", "/-/metrics"), ("HEAD", "/-/metrics")])
    func `a token is needed where one is configured, also on this host, for reading and for changing`(
        method: String, page: String
    ) async throws {
        try await Rig.run(gateway: { $0.managementToken = "s3cret" }) { rig in
            let client = try rig.client()
            for header in [
                "", "Authorization: Bearer wrong!\r\n", "Authorization: Basic s3cret\r\n", "Authorization: Bearer s3cret2\r\n",
                "X-Forwarded-For: 1.2.3.4\r\n",
            ] {
                let answer = try await client.get(page, header + "Content-Length: 0\r\n", method: method)
                #expect(answer.status == 401, "\(header)")
                #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
                if method != "HEAD" { #expect(try ProblemDocument(answer).status == 401) }
            }
            let header = "authorization: bearer s3cret\r\nX-Forwarded-For: 1.2.3.4\r\nContent-Length: 0\r\n"
            #expect(try await client.get(page, header, method: method).status == 200)
            for open in ["/-/health", "/-/ready"] {
                for header in ["", "X-Forwarded-For: 1.2.3.4\r\n"] { #expect(try await client.get(open, header).status == 200) }
            }
        }
    }

    @Test func `without a token only this host itself is served`() throws {
        let access = ManagementAccess(token: nil)
        let own = ServerRequest(target: "/")
        try access.require(own)
        var far = own
        far.isLoopbackPeer = false
        #expect(throws: Problem.self) { try access.require(far) }
        for name in ["Origin", "X-Forwarded-For", "via", "Forwarded", "X-Real-IP"] {
            var passedOn = own
            passedOn.headers = ServerHeaders([(name, "x")])
            #expect(throws: Problem.self) { try access.require(passedOn) }
        }
        // A page whose own name was made to lead here is of the same origin to its browser.
        for (host, isOwn) in [
            ("localhost", true), ("LOCALHOST:8080", true), ("a.localhost", true), ("127.0.0.1:80", true), ("127.1.2.3", true),
            ("[::1]", true), ("[::1]:8080", true), ("evil.example", false), ("evil.example:8080", false), ("127.evil.example", false),
            ("localhost.evil.example", false), ("notlocalhost", false), ("[::2]", false), ("[::1]x.evil.example", false),
            ("[::1].evil.example:80", false), ("10.0.0.1", false), ("", false),
        ] {
            var named = own
            named.headers = ServerHeaders([("Host", host)])
            #expect(((try? access.require(named)) != nil) == isOwn, "\(host)")
        }
        let guarded = ManagementAccess(token: "t")
        for request in [own, far] { #expect(throws: Problem.self) { try guarded.require(request) } }
        far.headers = ServerHeaders([("Authorization", "Bearer t")])
        try guarded.require(far)
    }
}

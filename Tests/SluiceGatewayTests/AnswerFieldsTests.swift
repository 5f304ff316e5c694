import Sluice
import SluiceCache
import SluiceHarness
import SluiceServer
import Testing

@testable import SluiceGateway

/// Which of a mirror's header fields a client of the gateway sees, and how.
@Suite(.timeLimit(.minutes(10)))
struct AnswerFieldsTests {
    /// What it makes of a reference, with mirrors at these URLs.
    private func led(_ reference: String, _ urls: String...) async throws -> String {
        let pool = try await MirrorPool(
            PoolConfiguration(
                mirrors: urls.enumerated().map { .init(url: $1, name: "m\($0)", limits: [.init(1, per: .seconds(1))]) }))
        let fields = AnswerFields(pool.places).led([(name: "X-Other", value: reference), (name: "Location", value: reference)])
        await pool.shutDown(grace: .zero)
        #expect(fields[0].value == reference)
        return fields[1].value
    }

    @Test(arguments: [
        ("http://a.example/x?y#z", "/x?y#z"), ("HTTP://A.example:80/", "/"), ("http://a.example", "/"), ("http://a.example?y", "/?y"),
        ("https://a.example/x", "https://a.example/x"), ("http://a.example:81/x", "http://a.example:81/x"),
        ("http://u@a.example/x", "http://u@a.example/x"), ("https://b.example/v1/x", "/x"), ("https://b.example/v1", "/"),
        ("https://b.example/v10/x", "https://b.example/v10/x"), ("https://b.example/", "https://b.example/"),
        ("http://elsewhere.example/x", "http://elsewhere.example/x"), ("//a.example/x", "//a.example/x"), ("x", "x"), ("", ""),
        ("/v1/x", "/v1/x"), ("mailto:a@a.example", "mailto:a@a.example"),
        ("http://a.example//evil.example/x", "http://a.example//evil.example/x"), ("http://c.example/v1/x", "/x"),
        ("http://c.example/v2/x", "/v2/x"),
    ])
    func `a reference to a mirror leads to the same place here, any other stays`(reference: String, place: String) async throws {
        #expect(try await led(reference, "http://a.example", "https://b.example/v1/", "http://c.example", "http://c.example/v1") == place)
    }

    @Test(arguments: [
        ("/v1/x?y", "/x?y"), ("/v1", "/"), ("/v1?y", "/?y"), ("/v10/x", "/v10/x"), ("/v1//evil.example", "/v1//evil.example"), ("/", "/"),
        ("http://b.example/v1/", "/"),
    ])
    func `a path below the base path of all mirrors loses it`(reference: String, place: String) async throws {
        #expect(try await led(reference, "http://a.example/v1", "http://b.example/v1/") == place)
    }

    @Test func `whoever follows a redirect of a mirror asks the gateway`() async throws {
        let mirror = try await ScriptedMirror { request in
            let target = "http://\(request.headers["Host"] ?? "")/moved?a=1"
            guard request.path != "/moved" else { return .now(.text(200, "here")) }
            return .now(ServerResponse(status: 301, headers: [("Location", target), ("Content-Location", target)]))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            let client = try rig.client()
            // From the mirror, and from memory.
            for _ in 0..<3 {
                let answer = try await client.get("/old")
                #expect(answer.status == 301 && answer.headers["location"] == "/moved?a=1")
                #expect(answer.headers["content-location"] == "/moved?a=1")
            }
            #expect(try await client.get("/old", "Content-Length: 0\r\n", method: "POST").headers["location"] == "/moved?a=1")
            #expect(try await client.get("/moved?a=1").status == 200)
        }
        await mirror.shutDown()
    }

    @Test func `an answer without a date gets that of its receipt`() async throws {
        let pool = try await MirrorPool(
            PoolConfiguration(mirrors: [.init(url: "http://a.example", limits: [.init(1, per: .seconds(1))])]))
        let fields = AnswerFields(pool.places)
        await pool.shutDown(grace: .zero)
        let dates = [10, 3_600].map { fields.kept([], age: .seconds($0)).first { $0.name == "Date" }?.value ?? "" }.compactMap(
            HTTPDate.seconds)
        #expect(dates.count == 2 && (3_589...3_650).contains(dates[0] - dates[1]))
        #expect(fields.kept([(name: "date", value: "x")], age: .zero).map(\.value) == ["x"])
    }

    @Test func `what is counted is what clients were sent, also in the gateway's stead`() async throws {
        let mirror = try await ScriptedMirror { _ in
            .now(ServerResponse(headers: [("X-Long", String(repeating: "a", count: 9_000))], body: [0x61]))
        }
        try await Rig.run(pool: { $0.mirrors[0].url = mirror.url }) { rig in
            for _ in 0..<2 { #expect(try await rig.client().get("/a").status == 502) }
            #expect(try await rig.client().get("/a", "X-Long: \(String(repeating: "a", count: 9_000))\r\n").status == 431)
            let text = try PrometheusText(try await rig.client().get("/-/metrics").body)
            #expect(text.value("sluice_gateway_responses_total", "code=\"502\"") == 2)
            #expect(text.value("sluice_gateway_responses_total", "code=\"431\"") == 1)
            #expect(text.value("sluice_gateway_responses_total", "code=\"200\"") == nil)
            #expect(text.value("sluice_gateway_response_seconds_count") == 3)
        }
        await mirror.shutDown()
    }

    @Test func `by which name the host is asked for is said by a target in absolute form`() async throws {
        try await Rig.run { rig in
            let client = try rig.client()
            for (target, host, status) in [
                ("http://evil.example/-/status", "localhost", 403), ("http://localhost:1/-/status", "evil.example", 200),
                ("/-/status", "evil.example", 403), ("/-/status", "localhost", 200),
            ] {
                try client.send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                #expect(try await client.answer().status == status, "\(target) at \(host)")
            }
        }
    }
}

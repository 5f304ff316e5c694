import Sluice
import SluiceHarness
import SluiceServer
import Synchronization
import Testing

@testable import SluiceGateway

/// What an access log is told.
@Suite(.timeLimit(.minutes(10)))
struct AccessRecordTests {
    @Test(
        arguments: [
            (0, "01/Jan/1970:00:00:00 +0000"), (951_782_400, "29/Feb/2000:00:00:00 +0000"), (1_709_251_199, "29/Feb/2024:23:59:59 +0000"),
            (1_709_251_200, "01/Mar/2024:00:00:00 +0000"), (1_795_223_546, "21/Nov/2026:01:12:26 +0000"),
            (4_107_542_399, "28/Feb/2100:23:59:59 +0000"), (4_107_542_400, "01/Mar/2100:00:00:00 +0000"),
            (-1, "31/Dec/1969:23:59:59 +0000"),
            (1_798_761_599, "31/Dec/2026:23:59:59 +0000"),
        ] as [(Int64, String)])
    func `times are those of the calendar`(seconds: Int64, text: String) { #expect(LogTime.text(seconds) == text) }

    @Test func `every answer is a line of the Combined Log Format, errors and departures included`() async throws {
        let records = Mutex<[AccessRecord]>([])
        // One is more than the system's buffers take.
        let bodies = ["/posts/1": 290, "/large": 40_000_000].mapValues { [UInt8](repeating: 0x61, count: $0) }
        let mirror = try await ScriptedMirror { request in
            .later {
                try? await Task.sleep(for: .milliseconds(200))
                return ServerResponse(headers: [("ETag", "\"v\"")], body: bodies[request.target] ?? [])
            }
        }
        try await Rig.run(
            pool: { ($0.mirrors[0].url, $0.responseLimit) = (mirror.url, 64 << 20) },
            gateway: { $0.accessLog = { record in records.withLock { $0.append(record) } } }
        ) { rig in
            let client = try rig.client()
            #expect(try await client.get("/posts/1", "User-Agent: test/1 (\"x\")\r\nReferer: http://a/\r\n").status == 200)
            #expect(try await client.get("/posts/1", method: "HEAD").status == 200)
            #expect(try await client.get("/posts/1", "If-None-Match: \"v\"\r\n").status == 304)
            #expect(try await client.get("//x").status == 400)
            #expect(try await client.get("/posts/1", "X: \(String(repeating: "a", count: 20_000))\r\n").status == 431)
            let leaving = try rig.client()
            try leaving.send("GET /large HTTP/1.0\r\n\r\n")
            #expect(try await leaving.readSome() > 0)
            leaving.reset()
            try await eventually("the sixth record") { records.withLock { $0.count >= 6 } }
        }
        await mirror.shutDown()
        let lines = records.withLock { $0 }.map(\.combined)
        let stamp = #/\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d \+0000\]/#
        #expect(
            lines.map { $0.replacing(stamp, with: "[]") } == [
                #"127.0.0.1 - - [] "GET /posts/1 HTTP/1.1" 200 290 "http://a/" "test/1 (\"x\")""#,
                #"127.0.0.1 - - [] "HEAD /posts/1 HTTP/1.1" 200 - "-" "-""#,
                #"127.0.0.1 - - [] "GET /posts/1 HTTP/1.1" 304 - "-" "-""#,
                #"127.0.0.1 - - [] "GET //x HTTP/1.1" 400 \#(records.withLock { $0[3].bodyBytes }) "-" "-""#,
                #"127.0.0.1 - - [] "GET /posts/1 HTTP/1.1" 431 \#(records.withLock { $0[4].bodyBytes }) "-" "-""#,
                #"127.0.0.1 - - [] "GET /large HTTP/1.0" 499 - "-" "-""#,
            ])
        #expect(records.withLock { $0[0].duration } > .milliseconds(100))
    }

    @Test func `nothing that a client sends can forge a line`() {
        let record = AccessRecord(
            client: "::1", time: 0, requestLine: "GET /\"\\ HTTP/1.1", status: 200, bodyBytes: 0, referer: "a\r\n127.0.0.1 ä\u{7F}",
            userAgent: "", duration: .zero)
        #expect(
            record.combined
                == #"::1 - - [01/Jan/1970:00:00:00 +0000] "GET /\"\\ HTTP/1.1" 200 - "a\x0d\x0a127.0.0.1 \xc3\xa4\x7f" "-""#)
    }
}

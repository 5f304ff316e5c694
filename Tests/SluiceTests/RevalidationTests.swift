import Sluice
import SluiceLoop
import SluiceServer
import Synchronization
import Testing

/// What a mirror is asked about an answer that another mirror gave.
@Suite(.timeLimit(.minutes(10))) struct RevalidationTests {
    /// What two mirrors saw.
    private final class Log: Sendable {
        private let entries = Mutex<[(mirror: String, ifNoneMatch: String?, ifModifiedSince: String?)]>([])
        func note(_ mirror: String, _ headers: ServerHeaders) {
            entries.withLock { $0.append((mirror, headers["if-none-match"], headers["if-modified-since"])) }
        }
        var all: [(mirror: String, ifNoneMatch: String?, ifModifiedSince: String?)] { entries.withLock { $0 } }
    }

    @Test(arguments: [
        [(name: "ETag", value: "\"v1\"")], [(name: "Last-Modified", value: "Sat, 21 Nov 2026 01:12:26 GMT")],
        [(name: "ETag", value: "W/\"v1\""), (name: "Last-Modified", value: "Sat, 21 Nov 2026 01:12:26 GMT")],
    ])
    func `an answer that one mirror gave is confirmed by another, whose 304 renews it without a body`(
        validators: [(name: String, value: String)]
    ) async throws {
        let loop = EventLoop(name: "origins")
        let log = Log()
        var servers: [HTTPServer] = []
        for name in ["a", "b"] {
            let server = HTTPServer(on: loop) { request in
                log.note(name, request.headers)
                let life = [(name: "Cache-Control", value: "max-age=1, stale-while-revalidate=0"), (name: "X-Mirror", value: name)]
                let isKnown = request.headers["if-none-match"] != nil || request.headers["if-modified-since"] != nil
                return .now(
                    ServerResponse(status: isKnown ? 304 : 200, headers: life + validators, body: isKnown ? [] : Array("the body".utf8)))
            }
            try await server.start()
            servers.append(server)
        }
        // One request each: the second has to go to the other mirror.
        let pool = try await MirrorPool(
            PoolConfiguration(
                mirrors: servers.map { MirrorConfiguration(url: "http://\($0.address)", limits: [.init(1, per: .seconds(60))]) }))
        let first = try await pool.get("/thing")
        // The second mirror's fields count from its answer on.
        var renewed = first
        let patience = Instant.now.advanced(by: .seconds(30))
        while renewed.header("x-mirror") == first.header("x-mirror"), Instant.now < patience {
            renewed = try await pool.get("/thing")
            #expect(renewed.status == 200 && renewed.text == "the body" && !renewed.isStale)
            try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 5_000))
        }
        #expect(renewed.header("x-mirror") != first.header("x-mirror"))
        let asked = log.all
        #expect(asked.count == 2 && asked[0].mirror != asked[1].mirror)
        #expect(asked[1].ifNoneMatch == validators.first { $0.name == "ETag" }?.value)
        #expect(asked[1].ifModifiedSince == validators.first { $0.name == "Last-Modified" }?.value)
        await pool.shutDown()
        for server in servers { await server.shutDown() }
        await loop.shutDown()
    }

    @Test func `a 304 about another version than the one that is here renews nothing: that version is fetched`() async throws {
        let loop = EventLoop(name: "origins")
        let server = HTTPServer(on: loop) { request in
            let isKnown = request.headers["if-none-match"] != nil
            let tag = isKnown ? "\"v2\"" : "\"v1\""
            return .now(
                ServerResponse(
                    status: isKnown ? 304 : 200, headers: [("Cache-Control", "max-age=0, stale-if-error=60"), ("ETag", tag)],
                    body: isKnown ? [] : Array("the body".utf8)))
        }
        try await server.start()
        let pool = try await MirrorPool(PoolConfiguration(mirrors: [MirrorConfiguration(url: "http://\(server.address)")]))
        for _ in 0..<3 {
            let answer = try await pool.get("/thing")
            #expect(answer.status == 200 && answer.header("etag") == "\"v1\"" && answer.text == "the body" && !answer.isStale)
        }
        await pool.shutDown()
        await server.shutDown()
        await loop.shutDown()
    }

    @Test func `a 304 that nobody asked for is a mirror's failure, and another one is asked`() async throws {
        let loop = EventLoop(name: "origins")
        let confused = HTTPServer(on: loop) { _ in .now(ServerResponse(status: 304, headers: [], body: [])) }
        let sound = HTTPServer(on: loop) { _ in .now(ServerResponse(status: 200, headers: [], body: Array("the body".utf8))) }
        try await confused.start()
        try await sound.start()
        let both = try await MirrorPool(
            PoolConfiguration(mirrors: [confused, sound].map { MirrorConfiguration(url: "http://\($0.address)") }))
        for path in 1...6 { #expect(try await both.get("/\(path)").text == "the body") }
        await both.shutDown()
        let alone = try await MirrorPool(PoolConfiguration(mirrors: [MirrorConfiguration(url: "http://\(confused.address)")]))
        let error = await #expect(throws: SluiceError.self) { try await alone.get("/thing") }
        #expect(error?.code == .mirrorsUnavailable && error?.message.contains("304") == true, "\(String(describing: error))")
        await alone.shutDown()
        for server in [confused, sound] { await server.shutDown() }
        await loop.shutDown()
    }
}

import Sluice
import SluiceHarness
import SluiceLoop
import SluiceServer
import Synchronization
import Testing

@testable import SluiceGateway

/// Routes that say for how long answers are kept, whatever the mirrors say.
@Suite(.timeLimit(.minutes(10)))
struct GatewayOverrideTests {
    typealias Route = PoolConfiguration.Route

    /// Requests that arrived.
    private final class Count: Sendable {
        private let value = Atomic(0)
        func next() -> Int { value.add(1, ordering: .relaxed).newValue }
        var all: Int { value.load(ordering: .relaxed) }
    }

    /// Answers with a count, and a `Cache-Control` by the first segment of the path.
    private static func mirror(_ count: Count) async throws -> ScriptedMirror {
        try await ScriptedMirror { request in
            let control =
                switch request.target.split(separator: "/").first {
                case "reluctant": "no-cache, max-age=0, must-revalidate"
                case "secret": "no-store"
                default: "max-age=3600"
                }
            let body = "\(count.next())\n"
            return .now(ServerResponse(status: 200, headers: [(name: "Cache-Control", value: control)], body: Array(body.utf8)))
        }
    }

    @Test(arguments: [false, true])
    func `a route overrides what mirrors say of an answer's life, not that it must not be kept`(withRedis: Bool) async throws {
        let count = Count()
        let mirror = try await Self.mirror(count)
        let routes = [
            Route(path: "/kept/{id}", upstream: "/reluctant/{id}", fresh: .seconds(3_600), overridesAnswer: true),
            Route(path: "/plain/{id}", upstream: "/reluctant/{id}", fresh: .seconds(3_600)),
            Route(path: "/secret/{id}", fresh: .seconds(3_600), overridesAnswer: true),
        ]
        try await Rig.run(redis: withRedis, pool: { $0.mirrors[0].url = mirror.url }, gateway: { $0.routes = routes }) { rig in
            let client = try rig.client()
            #expect(try await client.get("/kept/1").body == "1\n")
            for path in ["/kept/1", "/kept/1", "/plain/1"] {
                let answer = try await client.get(path)
                let status = try CacheStatusField(answer.headers["cache-status"])
                #expect(status.isHit && (3_000...3_600).contains(status.ttl ?? 0) && answer.body == "1\n")
            }
            for number in 2...3 { #expect(try await client.get("/plain/2").body == "\(number)\n", "the answer has the first word") }
            for number in 4...5 { #expect(try await client.get("/secret/1").body == "\(number)\n") }
        }
        await mirror.shutDown()
    }

    @Test(arguments: [false, true])
    func `through a route that says less, an answer that is fresh to others is too old, in memory, too`(withRedis: Bool) async throws {
        let count = Count()
        let mirror = try await Self.mirror(count)
        let span = Duration.milliseconds(500)
        let brief = Route(path: "/brief/{id}", upstream: "/long/{id}", fresh: span, stale: .zero, overridesAnswer: true)
        try await Rig.run(redis: withRedis, pool: { $0.mirrors[0].url = mirror.url }, gateway: { $0.routes = [brief] }) { rig in
            let client = try rig.client()
            let patience = Instant.now.advanced(by: .seconds(30))
            // Until the route has once been quick enough to find the answer in memory, so that the gateway knows it by its spelling.
            var id = 0
            var isKnown = false
            while !isKnown {
                try #require(Instant.now < patience)
                id += 1
                for _ in 0..<3 { _ = try await client.get("/long/\(id)") }
                let requests = count.all
                _ = try await client.get("/brief/\(id)")
                isKnown = count.all == requests
            }
            let body = try await client.get("/long/\(id)").body
            let known = Instant.now
            while Instant.now <= known.advanced(by: span) { #expect(try await client.get("/long/\(id)").body == body) }
            let answer = try await client.get("/brief/\(id)")
            #expect(answer.body != body)
            #expect(try CacheStatusField(answer.headers["cache-status"]).forward == "stale")
        }
        await mirror.shutDown()
    }
}

import Sluice
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Testing

/// Strict mirrors on a loop of their own, and a pool's configuration for them.
struct Judges {
    let loop = EventLoop(name: "judges")
    let mirrors: [StrictMirror]
    let urls: [String]
    let limit: MirrorConfiguration.Limit

    init(_ count: Int = 2, limit: MirrorConfiguration.Limit, latency: String = "0ms") async throws {
        self.limit = limit
        var options = StrictMirrorOptions()
        options.limits = [try MirrorLimit(limit.count, per: limit.window)]
        options.latency = try MirrorLatency(text: latency)
        options.block = .seconds(60)
        var mirrors: [StrictMirror] = []
        var urls: [String] = []
        for _ in 0..<count {
            let mirror = StrictMirror(on: loop, options: options)
            urls.append("http://\(try await mirror.start())")
            mirrors.append(mirror)
        }
        self.mirrors = mirrors
        self.urls = urls
    }

    func configuration(redis: String? = nil) -> PoolConfiguration {
        var configuration = PoolConfiguration(mirrors: urls.map { MirrorConfiguration(url: $0, limits: [limit]) })
        configuration.redis = redis
        return configuration
    }

    var requests: Int {
        get async {
            var total = 0
            for mirror in mirrors { total += await mirror.stats.requests }
            return total
        }
    }

    var violations: Int {
        get async {
            var total = 0
            for mirror in mirrors { total += await mirror.stats.violations }
            return total
        }
    }

    func shutDown() async {
        for mirror in mirrors { await mirror.shutDown() }
        await loop.shutDown()
    }
}

struct Post: Decodable, Sendable {
    let userId: Int
    let id: Int
    let title: String
    let body: String
}

@Suite(.timeLimit(.minutes(2))) struct PoolTests {
    @Test func `one line gets a decoded post, and the second call is served from memory`() async throws {
        let judges = try await Judges(limit: .init(30, per: .seconds(6)))
        let pool = try await MirrorPool(judges.configuration())
        #expect(try await pool.get("/posts/55", as: Post.self).id == 55)
        let again = try await pool.get("/posts/55")
        #expect(again.source == .memory)
        #expect(await judges.requests == 1)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `with Redis a second pool is answered from Redis, and nobody asks the mirror twice`() async throws {
        let judges = try await Judges(limit: .init(30, per: .seconds(6)))
        let redis = try await RedisServer()
        let first = try await MirrorPool(judges.configuration(redis: redis.url))
        let second = try await MirrorPool(judges.configuration(redis: redis.url))
        let origin = try await first.get("/posts/7")
        guard case .mirror = origin.source else {
            Issue.record("the first answer came from \(origin.source)")
            return
        }
        #expect(try await second.get("/posts/7").source == .redis)
        #expect(try await second.get("/posts/7").source == .memory)
        #expect(await judges.requests == 1)
        await first.shutDown()
        await second.shutDown()
        await redis.stop()
        await judges.shutDown()
    }

    @Test func `saturated, no mirror sees more than its limit and hardly a slot is wasted`() async throws {
        let judges = try await Judges(limit: .init(20, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        let started = Instant.now
        var answered = 0
        for await (_, result) in pool.get((1...200).map { "/posts/\($0)" }, concurrency: 64) {
            _ = try result.get()
            answered += 1
        }
        let elapsed = Instant.now.duration(since: started)
        #expect(answered == 200)
        #expect(await judges.violations == 0)
        #expect(await judges.requests == 200)
        print("saturated, embedded: 200 requests at 40 a second took \(elapsed), ideal 4 s")
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `saturated through a leader, by three nodes, no mirror sees more than its limit`() async throws {
        let judges = try await Judges(limit: .init(20, per: .seconds(1)))
        let redis = try await RedisServer()
        let configuration = judges.configuration(redis: redis.url)
        let pools = [
            try await MirrorPool(configuration), try await MirrorPool(configuration), try await MirrorPool(configuration),
        ]
        let started = Instant.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, pool) in pools.enumerated() {
                group.addTask {
                    let paths = (1...210).filter { $0 % 3 == index }.map { "/todos/\($0 % 200 + 1)?x=\($0)" }
                    for await (_, result) in pool.get(paths, concurrency: 32) { _ = try result.get() }
                }
            }
            try await group.waitForAll()
        }
        print("saturated, 3 nodes: 210 requests at 40 a second took \(Instant.now.duration(since: started)), ideal 5 s")
        #expect(await judges.violations == 0)
        #expect(await judges.requests == 210)
        for pool in pools { await pool.shutDown() }
        await redis.stop()
        await judges.shutDown()
    }
}

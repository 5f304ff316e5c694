import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Synchronization
import Testing

/// Drives the ledger in Redis and its model with the same operations, and compares every reply and every message.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `The ledger in Redis keeps the rules of its model` {
    @Test func `every reply and every message is the same, whatever is asked`() async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "differential")
        let endpoint = try RedisEndpoint(url: server.url)
        let client = RedisClient(endpoint: endpoint, loop: loop, options: .patient)
        await client.start()
        let heard = Mutex<[String: [String]]>([:])
        let (ends, end) = AsyncStream<Void>.makeStream()
        let subscriber = RedisSubscriber(endpoint: endpoint, loop: loop, options: .patient, trackingPrefix: nil) { event in
            guard case .message(let channel, let payload) = event else { return }
            if channel == "end" { end.yield() }
            heard.withLock { $0[channel, default: []].append(String(decoding: payload, as: UTF8.self)) }
        }
        await subscriber.start()
        var ended = ends.makeAsyncIterator()
        var operations = 0
        var restorations = 0
        var disagreements = 0
        var standings: [MirrorStanding: Int] = [:]
        var (lowered, doubts) = (0, 0)
        for seed in 0..<60 as Range<UInt64> {
            var pair = LedgerPair(seed: seed, client: client)
            try await subscriber.subscribe(pair.channels + ["end"])
            while pair.operations < 100 {
                let before = pair.summary
                try await pair.step()
                guard pair.differences.isEmpty else {
                    Issue.record("seed \(seed), operation \(pair.operations): \(pair.differences)\nafter \(before)")
                    return
                }
            }
            try await client.command("PUBLISH", "end", "")
            await ended.next()
            for channel in pair.channels {
                #expect(heard.withLock { $0[channel] ?? [] } == pair.published[channel] ?? [], "seed \(seed), \(channel)")
            }
            try await subscriber.unsubscribe(pair.channels)
            operations += pair.operations
            restorations += pair.restorations
            disagreements += pair.disagreements
            standings.merge(pair.standings, uniquingKeysWith: +)
            lowered += pair.lowered
            doubts += pair.doubts
        }
        #expect(operations == 6_000)
        #expect(restorations > 50)
        #expect(disagreements > 30)
        for standing in [MirrorStanding.good, .failing, .refusing] { #expect(standings[standing, default: 0] > 500, "\(standing)") }
        #expect(lowered > 500)
        #expect(doubts > 300)
        await subscriber.shutDown()
        await client.shutDown()
        await server.stop()
        await loop.shutDown()
    }

    @Test func `releases under a large limit are rounded alike, whether little or more of it is in use`() async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "rounding")
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient)
        await client.start()
        var pair = LedgerPair(seed: 1, client: client, terms: terms(mirror("m", "1001/10s")))
        // A hundred turns are a window: what is in use goes to and fro about a quarter of the limit.
        for turn in 0..<500 as Range<Int64> {
            try await pair.take(turn % 7 + turn / 60 % 3)
            pair.pass(23 * millisecond + turn)
            try await pair.settleAll()
            pair.pass(77 * millisecond)
        }
        #expect(pair.differences.isEmpty)
        await client.shutDown()
        await server.stop()
        await loop.shutDown()
    }

    @Test(arguments: [
        ["1000/1d", "1000/2d", "1000/3d", "1000/4d"], ["1000000/1d"], ["1000/1d", "1001/1h", "1000000/2d", "10000000/31d"],
    ])
    func `a mirror's fields stay below 64 KiB at any limit`(limits: [String]) async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "size")
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient)
        await client.start()
        let terms = terms(try MirrorRules(name: "m", limits: limits.map { try RateLimit($0) }))
        var pair = LedgerPair(seed: 1, client: client, terms: terms)
        // As many completions, each at a moment of its own, and as many open grants as the ledger takes; then what
        // nobody should do: reports from another life of the data on top of a full log.
        for _ in 0..<1_000 {
            try await pair.take(1)
            try await pair.settleAll()
            pair.pass(60 * second)
        }
        for _ in 0..<1_050 { try await pair.take(1) }
        for _ in 0..<40 { try await pair.settleForeign(count: 50) }
        #expect(pair.differences.isEmpty)
        var bytes = 0
        let fields = try await client.command("HGETALL", pair.keys.ledger).array ?? []
        for field in fields { bytes += field.bytes?.count ?? 0 }
        #expect(bytes < 65_536)
        #expect(bytes > 9_000)
        await client.shutDown()
        await server.stop()
        await loop.shutDown()
    }
}

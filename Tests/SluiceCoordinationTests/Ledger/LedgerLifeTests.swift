import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

/// One ledger in Redis, and callers whose host's clock the test sets. The server's own clock goes on as it does, so that a time to live
/// hardly changes unless a call sets it.
private struct Scene {
    let server: RedisServer
    let loop = EventLoop(name: "life")
    let client: RedisClient
    let keys = PoolKeys(pool: "life")
    let start: Int64 = 1_700_000_000 * second

    init() async throws {
        server = try await RedisServer()
        client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient)
        await client.start()
    }

    /// A member calls, so long after the start.
    func call(_ terms: LedgerTerms, after span: Int64) async throws {
        let call = LedgerCall(terms: terms, candidate: "one", muster: 0)
        let value = try await client.run(
            LedgerScript.announce, keys: [keys.ledger], arguments: LedgerArguments(call, raw: start + span).words)
        var reader = try LedgerReplyReader(value, of: "announce")
        _ = try reader.announceReply(terms: terms)
    }

    /// How long the key is going to live, in hours.
    func hours() async throws -> Int64 { Int64(try await server.cli("PTTL", keys.ledger))! / 3_600_000 }

    func setLife(hours: Int64) async throws { try await client.command("PEXPIRE", keys.ledger, "\(hours * 3_600_000)") }

    func end() async {
        await client.shutDown()
        await server.stop()
        await loop.shutDown()
    }
}

@Suite(.timeLimit(.minutes(10))) struct `How long the ledger lives in Redis` {
    private let month = terms(mirror("a", "1000/31d"))
    private let instant = terms(mirror("b", "10/1s"))
    /// Twice 31 days, and a day; the hour more is for rarer renewals.
    private let needed: Int64 = 63 * 24

    @Test func `a member with short windows leaves it the life that another's long window needs`() async throws {
        let scene = try await Scene()
        try await scene.call(month, after: 0)
        #expect(try await scene.hours() >= needed)
        try await scene.call(instant, after: hour + second)
        #expect(try await scene.hours() >= needed)
        try await scene.call(instant, after: 40 * day)
        #expect(try await scene.hours() >= needed)
        await scene.end()
    }

    @Test func `a longer window than those so far lengthens it at once`() async throws {
        let scene = try await Scene()
        try await scene.call(instant, after: 0)
        #expect(try await scene.hours() < 26)
        try await scene.call(month, after: second)
        #expect(try await scene.hours() >= needed)
        await scene.end()
    }

    @Test func `it is renewed once an hour, and not at every call`() async throws {
        let scene = try await Scene()
        try await scene.call(month, after: 0)
        try await scene.setLife(hours: 100)
        try await scene.call(month, after: 50 * 60 * second)
        #expect(try await scene.hours() <= 100, "nothing is due")
        try await scene.call(month, after: hour + second)
        #expect(try await scene.hours() >= needed)
        await scene.end()
    }

    @Test func `a mirror that a muster restores has its life, whoever ended the muster`() async throws {
        let scene = try await Scene()
        var model = Bench(month)
        _ = model.take(5)
        let copy = model.state.copy(since: nil, model.call, at: model.raw).copy!
        let call = LedgerCall(terms: instant, candidate: "two", muster: LedgerCall.musterSpan)
        let arguments = LedgerArguments(call, raw: scene.start + 10 * second)
        let begun = try await scene.client.run(LedgerScript.announce, keys: [scene.keys.ledger], arguments: arguments.words)
        var reader = try LedgerReplyReader(begun, of: "announce")
        let stamp = try reader.announceReply(terms: instant).stamp
        let told = Recollection(incarnation: "one", copy: copy, copyTime: copy.time, own: [])
        let contribution = arguments.contributing(
            told.bytes, remembers: true, of: node("old"), to: try #require(stamp.muster), in: stamp.incarnation)
        _ = try await scene.client.run(LedgerScript.contribute, keys: [scene.keys.ledger], arguments: contribution.words)
        #expect(try await scene.hours() < 26)
        let ended = LedgerArguments(call, raw: scene.start + 12 * second)
        let value = try await scene.client.run(LedgerScript.gather, keys: [scene.keys.ledger], arguments: ended.words)
        var gathering = try LedgerReplyReader(value, of: "gather")
        let request = Restoration(try gathering.gatherReply(terms: instant), terms: instant).request()
        #expect(request.mirrors["a"]?.counters.granted == 5)
        _ = try await scene.client.run(LedgerScript.restore, keys: [scene.keys.ledger], arguments: ended.restoring(request).words)
        #expect(try await scene.hours() >= needed)
        await scene.end()
    }
}

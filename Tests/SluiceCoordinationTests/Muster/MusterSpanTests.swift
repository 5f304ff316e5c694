import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

private func empty(_ incarnation: String) -> Recollection { Recollection(incarnation: incarnation, copy: nil, copyTime: 0, own: []) }

/// A pool that nobody has used yet, as far as its first caller can tell.
private struct Newborn {
    var bench = Bench(terms(mirror("a", "10/60s")))

    init(listening: [String], settling: Int64 = 0) {
        bench.muster = second
        bench.settling = settling
        bench.state.listeners = Set(listening.map(node))
        _ = bench.reserve([])
    }

    /// A member speaks; returns how long the muster still lasts.
    mutating func speaks(_ name: String, _ recollection: Recollection? = nil) -> Int64? {
        let notice = MusterNotice(number: 1, remaining: 0)
        return bench.state.contribute(
            recollection ?? empty("one"), of: node(name), to: notice, in: "one", bench.call, at: bench.raw
        ).stamp.muster?.remaining
    }
}

@Suite(.timeLimit(.minutes(10))) struct `How long members are asked` {
    private let memory = Recollection(
        incarnation: "before", copy: nil, copyTime: 0, own: [.init(number: 1, mirror: "a", count: 1, remaining: second)])

    @Test func `a newcomer alone need not wait, where the server has been up for long`() {
        var newborn = Newborn(listening: ["self"])
        #expect(newborn.speaks("self") == 0)
    }

    @Test func `a newcomer whose subscription is not there yet need not wait either`() {
        var newborn = Newborn(listening: [])
        #expect(newborn.speaks("self") == 0)
    }

    @Test func `everybody who is connected must have spoken`() {
        var newborn = Newborn(listening: ["self", "other", "third"])
        #expect(newborn.speaks("self") == second / 2)
        #expect(newborn.speaks("self") == second / 2)
        #expect(newborn.speaks("other") == second / 2)
        #expect(newborn.speaks("third") == 0)
    }

    @Test func `who spoke and left does not speak for somebody who is there`() {
        var newborn = Newborn(listening: ["self", "other"])
        #expect(newborn.speaks("gone") == second / 2)
        #expect(newborn.speaks("self") == second / 2)
    }

    @Test func `one memory is enough to give everybody the whole time`() {
        var newborn = Newborn(listening: ["self", "other"])
        newborn.bench.raw += second / 4
        #expect(newborn.speaks("other", memory) == second * 3 / 4)
        newborn.bench.raw += second / 4
        #expect(newborn.speaks("self") == second / 2)
    }

    @Test func `a memory that comes late gives the others half of the time`() {
        var newborn = Newborn(listening: [])
        #expect(newborn.speaks("self") == 0)
        newborn.bench.raw += 2 * second
        #expect(newborn.speaks("other", memory) == second / 2)
    }

    @Test func `where another server takes over in the middle of it, whoever has spoken must speak again`() {
        var newborn = Newborn(listening: ["self", "other"])
        newborn.bench.runID = "one"
        #expect(newborn.bench.reserve([]).reply.stamp.muster?.number == 1)
        _ = newborn.speaks("self")
        newborn.bench.raw += second / 4
        newborn.bench.runID = "two"
        let notice = newborn.bench.reserve([]).reply.stamp.muster
        #expect(notice == MusterNotice(number: 2, remaining: second))
        newborn.bench.raw += second
        #expect(newborn.bench.state.gather(newborn.bench.call, at: newborn.bench.raw).memories.isEmpty)
    }

    @Test func `at a server that has just started members have the time to come back`() {
        var newborn = Newborn(listening: ["self"], settling: second / 4)
        #expect(newborn.speaks("self") == second / 4)
    }

    @Test func `whoever knew another life of the data asks for the whole time`() {
        var newborn = Newborn(listening: ["self"])
        newborn.bench.knowledge = LedgerKnowledge(incarnation: "before", lower: 0, upper: nil, age: 0)
        #expect(newborn.speaks("self") == second)
    }

    @Test func `Redis counts who is subscribed: the muster of a new pool ends when all have spoken, and not before`() async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "muster")
        let keys = PoolKeys(pool: "new")
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient)
        await client.start()
        // An hour: what ends it is not its time.
        let ledger = RedisSlotLedger(client: client, pool: keys, terms: terms(mirror("a", "10/60s")), muster: hour)
        var subscribers: [RedisSubscriber] = []
        for name in ["self", "other"] {
            let subscriber = RedisSubscriber(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient) { _ in }
            await subscriber.start()
            try await subscriber.subscribe([keys.beat, keys.grants(to: node(name))])
            subscribers.append(subscriber)
        }
        while await client.serverAge < LedgerCall.homecoming { try await client.command("PING") }
        let stamp = try await ledger.reserve(ReserveRequest(caller: node("self"), demands: [])).stamp
        let notice = try #require(stamp.muster)
        _ = try await ledger.contribute(empty(stamp.incarnation), of: node("self"), to: notice, in: stamp.incarnation)
        #expect(try await ledger.gather().left == nil)
        _ = try await ledger.contribute(empty(stamp.incarnation), of: node("other"), to: notice, in: stamp.incarnation)
        let gathered = try await ledger.gather()
        #expect(gathered.left != nil)
        #expect(try await ledger.restore(Restoration(gathered, terms: ledger.terms).request()).isDone)
        #expect(try await server.cli("HEXISTS", keys.ledger, "ignorant") == "0")
        for subscriber in subscribers { await subscriber.shutDown() }
        await client.shutDown()
        await server.stop()
        await loop.shutDown()
    }
}

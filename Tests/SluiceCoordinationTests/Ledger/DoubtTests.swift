import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

/// A pool in which one has been for a while, and another has just come; each has a clock of its own, and all slots are in use.
private struct Newcomer {
    var bench: Bench
    var local: Int64 = 50 * second
    var clocks: [String: LedgerClock] = [:]

    /// - Parameter quiet: for how long nobody has called.
    init(quiet: Int64 = 10 * millisecond, _ rules: MirrorRules = mirror("a", "3/60s"), used: Int64 = 3) {
        bench = Bench(terms(rules))
        complete("old", oldCalls(used).reply.grants[0])
        bench.muster = second
        bench.state.listeners = [node("old"), node("new")]
        oldCalls()
        pass(quiet)
    }

    mutating func pass(_ span: Int64) {
        bench.raw += span
        local += span
    }

    /// - Parameter late: how long the call is on its way to the ledger.
    @discardableResult mutating func oldCalls(
        _ wanted: Int64 = 0, late: Int64 = 0
    ) -> (reply: ReserveReply, messages: [LedgerMessage]) { call("old", wanted, late: late) }

    mutating func newCalls(_ wanted: Int64 = 3) -> (reply: ReserveReply, messages: [LedgerMessage]) { call("new", wanted) }

    /// One that knows the time as long as it has called before.
    @discardableResult mutating func thirdCalls() -> (reply: ReserveReply, messages: [LedgerMessage]) { call("third", 0) }

    private mutating func call(
        _ name: String, _ wanted: Int64, late: Int64 = 0
    ) -> (reply: ReserveReply, messages: [LedgerMessage]) {
        let sent = local - 100
        bench.member = node(name)
        bench.knowledge = clocks[name]?.knowledge(at: Instant(microseconds: sent))
        pass(late)
        let done = bench.reserve([.init(node: node(name), wanted: wanted)], by: node(name))
        clocks[name, default: LedgerClock()].heard(
            done.reply.stamp, sent: Instant(microseconds: sent), received: Instant(microseconds: local + 100))
        return done
    }
}

extension Newcomer {
    /// Reports that every slot of the grants completed just now.
    @discardableResult mutating func complete(_ name: String, _ grants: [Grant]) -> SettleReply {
        bench.member = node(name)
        bench.knowledge = clocks[name]?.knowledge(at: Instant(microseconds: local))
        return bench.settle(
            grants.map { bench.entry($0, completed: [Int64](repeating: 0, count: Int($0.count))) }, by: node(name)
        ).reply
    }
}

private func count(_ reply: ReserveReply) -> Int64 { reply.grants[0].reduce(0) { $0 + $1.count } }

@Suite(.timeLimit(.minutes(10))) struct `Who has just come and cannot tell what time it is` {
    @Test(arguments: [2 * millisecond, 30 * millisecond, second, hour, day])
    func `frees nothing early where the clock was set forward before its first call`(step: Int64) {
        var pool = Newcomer()
        // A moment before the slots are free, which is a thousandth of the window later.
        pool.pass(60 * second + 60 * millisecond - 21 * millisecond)
        pool.oldCalls()
        pool.bench.raw += step
        let first = pool.newCalls().reply
        #expect(count(first) == 0 && first.stamp.isInDoubt)
        // It goes on asking before anybody else has called; and after one who knows did, and found the clock to be ahead.
        for _ in 0..<3 {
            pool.pass(millisecond)
            #expect(count(pool.newCalls().reply) == 0)
        }
        for _ in 0..<3 {
            pool.oldCalls()
            pool.pass(millisecond)
            #expect(count(pool.newCalls().reply) == 0)
        }
        // What is lost by putting the clock right is a call's travel.
        pool.pass(70 * millisecond)
        for _ in 0..<2 {
            pool.oldCalls()
            pool.pass(millisecond)
        }
        let later = pool.newCalls().reply
        #expect(count(later) == 3 && !later.stamp.isInDoubt)
    }

    @Test func `has what is free at once, and no doubt after somebody who knows has called`() {
        var pool = Newcomer()
        pool.pass(61 * second)
        pool.oldCalls()
        pool.pass(10 * millisecond)
        let first = pool.newCalls(2).reply
        #expect(count(first) == 2 && first.stamp.isInDoubt)
        pool.pass(10 * millisecond)
        #expect(pool.newCalls(0).reply.stamp.isInDoubt)
        pool.oldCalls()
        #expect(!pool.newCalls(0).reply.stamp.isInDoubt)
        // From here on it sees a step by itself, and puts it right.
        pool.bench.raw += hour
        let after = pool.newCalls().reply
        #expect(count(after) == 1 && after.stamp.frame == 1 && !after.stamp.isInDoubt)
    }

    @Test func `believes the clock where nobody is subscribed who could know better`() {
        var pool = Newcomer(quiet: 61 * second)
        pool.bench.state.listeners = [node("new")]
        let first = pool.newCalls().reply
        #expect(count(first) == 3 && !first.stamp.isInDoubt)
    }

    @Test func `believes the clock when nobody has said otherwise for as long as a muster lasts`() {
        var pool = Newcomer(quiet: 61 * second)
        #expect(count(pool.newCalls().reply) == 0)
        pool.pass(second - 10 * millisecond)
        #expect(count(pool.newCalls().reply) == 0)
        pool.pass(20 * millisecond)
        let last = pool.newCalls().reply
        #expect(count(last) == 3 && !last.stamp.isInDoubt)
    }

    @Test(arguments: [30 * millisecond, second, hour]) func `sees a step between its own calls, before anybody has vouched for anything`(
        step: Int64
    ) {
        var pool = Newcomer(quiet: 10 * second)
        let first = pool.newCalls().reply.stamp
        #expect(first.isInDoubt && first.frame == 0)
        for _ in 0..<2 {
            pool.pass(100 * millisecond)
            #expect(count(pool.newCalls().reply) == 0)
        }
        pool.bench.raw += step
        for _ in 0..<3 {
            pool.pass(millisecond)
            #expect(count(pool.newCalls().reply) == 0)
        }
        // Put right, but not vouched for.
        let after = pool.newCalls().reply.stamp
        #expect(after.frame == 1 && after.isInDoubt)
        #expect((0...2 * millisecond).contains(first.clock + 203 * millisecond - after.clock))
        // When it has waited for long enough the truth is what it believes.
        pool.pass(49 * second)
        #expect(count(pool.newCalls().reply) == 0)
        pool.pass(second)
        #expect(count(pool.newCalls().reply) == 3)
    }

    @Test func `does not believe after a second what it has met just now, since the clock was put right meanwhile`() {
        var pool = Newcomer()
        #expect(pool.newCalls().reply.stamp.isInDoubt)
        // Somebody's call is very slow, which looks like a step: another frame.
        pool.oldCalls(late: 60 * millisecond)
        pool.pass(600 * millisecond)
        pool.bench.raw += hour
        #expect(count(pool.newCalls().reply) == 0)
        pool.pass(400 * millisecond)
        #expect(count(pool.newCalls().reply) == 0)
        pool.pass(100 * millisecond)
        pool.oldCalls()
        pool.pass(700 * millisecond)
        #expect(count(pool.newCalls().reply) == 0)
    }

    @Test func `does not believe a clock that was put right meanwhile, however long it has been in doubt`() {
        var pool = Newcomer()
        pool.pass(58 * second + 700 * millisecond)
        pool.oldCalls()
        pool.bench.raw += 500 * millisecond
        #expect(pool.newCalls().reply.stamp.isInDoubt)
        #expect(pool.oldCalls().reply.stamp.frame == 1)
        // For longer than it has to wait where nobody says anything.
        pool.pass(1_050 * millisecond)
        pool.oldCalls()
        pool.bench.raw += 300 * millisecond
        #expect(count(pool.newCalls().reply) == 0)
    }

    @Test func `is in doubt for three seconds at the most, however often the clock is put right`() {
        var pool = Newcomer()
        #expect(pool.newCalls().reply.stamp.isInDoubt)
        var spans = 0
        while spans < 100 {
            pool.pass(70 * millisecond)
            pool.bench.raw += second
            pool.oldCalls()
            if !pool.newCalls().reply.stamp.isInDoubt { break }
            spans += 1
        }
        #expect((40...43).contains(spans), "\(spans) times 70 ms")
    }

    @Test func `who comes to a frame that has lost time sees a step that is shorter than that`() {
        var pool = Newcomer()
        pool.pass(59 * second)
        #expect(pool.newCalls().reply.stamp.isInDoubt)
        pool.oldCalls()
        #expect(!pool.newCalls().reply.stamp.isInDoubt)
        // It looks like a step, and costs as much time.
        #expect(pool.oldCalls(late: 400 * millisecond).reply.stamp.frame == 1)
        #expect(count(pool.newCalls().reply) == 0)
        pool.pass(800 * millisecond)
        pool.bench.raw += 300 * millisecond
        #expect(count(pool.newCalls().reply) == 0)
        // In its own time it has them.
        pool.pass(300 * millisecond)
        #expect(count(pool.newCalls().reply) == 3)
    }

    @Test func `notices a clock that is set back as soon as somebody has vouched for what it met`() {
        var pool = Newcomer(quiet: 900 * millisecond, mirror("a", "3/2s"), used: 0)
        #expect(pool.newCalls(0).reply.stamp.isInDoubt)
        pool.pass(5 * millisecond)
        pool.oldCalls()
        pool.bench.raw -= 500 * millisecond
        let granted = pool.newCalls(3).reply
        #expect(count(granted) == 3 && !granted.stamp.isInDoubt)
        #expect(pool.complete("new", granted.grants[0]).applied == 1)
        pool.pass(millisecond)
        pool.oldCalls()
        pool.pass(1_990 * millisecond)
        #expect(count(pool.oldCalls(3).reply) == 0)
    }

    @Test func `and where it is set back by less than has passed since anybody called`() {
        var pool = Newcomer(quiet: 900 * millisecond)
        let first = pool.newCalls(0).reply.stamp
        #expect(first.isInDoubt)
        pool.pass(5 * millisecond)
        pool.oldCalls()
        pool.pass(600 * millisecond)
        pool.bench.raw -= 500 * millisecond
        let after = pool.newCalls(0).reply.stamp
        #expect(!after.isInDoubt && after.frame == 1)
        #expect((604 * millisecond...605 * millisecond).contains(after.time - first.clock))
    }

    @Test func `is not told by one whose bounds are of an earlier frame`() {
        var pool = Newcomer()
        pool.bench.state.listeners.insert(node("third"))
        pool.thirdCalls()
        pool.oldCalls()
        #expect(!pool.thirdCalls().reply.stamp.isInDoubt)
        // Looks like a step, and costs time: that one's bounds are ahead now, and it does not see the next step.
        #expect(pool.oldCalls(late: 400 * millisecond).reply.stamp.frame == 1)
        pool.bench.raw += 300 * millisecond
        #expect(pool.newCalls(0).reply.stamp.isInDoubt)
        #expect(pool.thirdCalls().reply.stamp.frame == 1)
        #expect(pool.newCalls(0).reply.stamp.isInDoubt)
    }

    @Test func `is told by a knowing one's next call, too, where each call takes longer than the one before`() {
        var pool = Newcomer()
        #expect(pool.newCalls(0).reply.stamp.isInDoubt)
        // On the way there for longer than what would prove that the clock is right here and now.
        for late in [5, 10, 15, 20] as [Int64] { pool.oldCalls(late: late * millisecond) }
        #expect(!pool.newCalls(0).reply.stamp.isInDoubt)
    }

    @Test func `asks the others ten times a second, and only where nobody has called for a while`() {
        var busy = Newcomer()
        #expect(busy.newCalls().messages.isEmpty)
        var quiet = Newcomer(quiet: 61 * second)
        #expect(quiet.newCalls().messages == [.configurations(incarnation: "one")])
        quiet.pass(99 * millisecond)
        #expect(quiet.newCalls().messages.isEmpty)
        quiet.pass(millisecond)
        #expect(quiet.newCalls().messages == [.configurations(incarnation: "one")])
    }

    @Test func `is told to ask again soon, and never that it has to wait for what may be free by now`() {
        var pool = Newcomer(quiet: 61 * second)
        #expect(pool.newCalls().reply.mirrors[0].nextRelease == 20 * millisecond)
        var early = Newcomer(quiet: 10 * second)
        let wait = early.newCalls().reply.mirrors[0].nextRelease!
        #expect((50 * second...50 * second + 70 * millisecond).contains(wait))
    }

    @Test func `begins no muster that lasts as long as the clock is ahead`() {
        var pool = Newcomer()
        pool.oldCalls()
        pool.bench.raw += hour
        pool.bench.state.listeners = [node("old"), node("new")]
        pool.bench.runID = "another"
        let first = pool.newCalls().reply
        #expect(first.stamp.isInDoubt)
        pool.bench.runID = "the next"
        #expect(pool.newCalls().reply.stamp.muster?.remaining ?? 0 <= second)
        let right = pool.oldCalls().reply.stamp
        #expect(right.muster.map { $0.remaining <= second } == true)
    }

    @Test(arguments: [second, hour, 365 * day]) func `leaves nothing behind that outlasts a clock which was ahead`(step: Int64) {
        for rules in [mirror("a", "10/60s"), mirror("a", "10/60s", burst: 5), mirror("a", "2000/60s", burst: 8)] {
            var pool = Newcomer(rules, used: 0)
            pool.bench.raw += step
            let granted = pool.newCalls(2).reply
            #expect(count(granted) == 2 && granted.stamp.isInDoubt)
            #expect(pool.complete("new", granted.grants[0]).applied == 0)
            repeat {
                pool.oldCalls()
                pool.pass(millisecond)
            } while pool.newCalls(0).reply.stamp.isInDoubt
            #expect(pool.complete("new", granted.grants[0]).applied == granted.grants[0].count)
            pool.pass(60 * second + 500 * millisecond)
            let least = min(rules.burst ?? .max, rules.limits[0].count)
            #expect(count(pool.oldCalls(20).reply) == least, "\(rules)")
        }
    }

    @Test func `binds nobody by its configuration for longer than anybody does`() {
        var pool = Newcomer(mirror("a", "10/2s"), used: 0)
        let lax = pool.bench.terms
        pool.bench.raw += hour
        pool.bench.terms = terms(mirror("a", "1/2s"))
        _ = pool.newCalls(0)
        pool.bench.terms = lax
        #expect(count(pool.oldCalls(1).reply) == 1)
        #expect(count(pool.oldCalls(1).reply) == 0)
        pool.oldCalls()
        for _ in 0..<7 {
            pool.pass(5 * second)
            pool.oldCalls()
        }
        #expect(count(pool.oldCalls(10).reply) == 10)
    }

    @Test func `says what it is configured with once more, where that was last said long ago`() {
        var pool = Newcomer(mirror("a", "10/2s"), used: 0)
        let lax = pool.bench.terms
        pool.bench.terms = terms(mirror("a", "1/2s"))
        _ = pool.newCalls(0)
        pool.clocks["new"] = nil
        pool.pass(hour)
        // By the last call's time it is a moment ago.
        #expect(pool.newCalls(0).reply.stamp.isInDoubt)
        pool.bench.terms = lax
        #expect(count(pool.oldCalls(10).reply) == 1)
    }

    @Test func `leaves a mirror alone for as long as it asked, however long ago the last call was`() {
        var pool = Newcomer(quiet: 40 * second, mirror("a", "10/2s"), used: 0)
        let granted = pool.newCalls(1).reply
        #expect(granted.stamp.isInDoubt)
        _ = pool.bench.state.penalise(
            mirror: 0, grant: granted.grants[0][0].number, asked: 30 * second, pool.bench.call, at: pool.bench.raw)
        pool.pass(29 * second)
        #expect(count(pool.oldCalls(1).reply) == 0)
        pool.pass(2 * second)
        #expect(count(pool.oldCalls(1).reply) == 1)
    }

    @Test func `Redis is asked who else is there`() async throws {
        var options = RedisServerOptions()
        options.hasSettableClock = true
        let server = try await RedisServer(options)
        let loop = EventLoop(name: "doubt")
        let keys = PoolKeys(pool: "doubt")
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient)
        await client.start()
        let rules = terms(mirror("a", "3/1h"))
        let old = RedisSlotLedger(client: client, pool: keys, node: node("old"), terms: rules)
        let new = RedisSlotLedger(client: client, pool: keys, node: node("new"), terms: rules)
        let subscriber = RedisSubscriber(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient) { _ in }
        await subscriber.start()
        try await subscriber.subscribe([keys.beat, keys.grants(to: node("old"))])

        let notice = try #require(try await old.announce().stamp.muster)
        let incarnation = try await old.announce().stamp.incarnation
        while await client.serverAge < LedgerCall.homecoming { try await client.command("PING") }
        _ = try await old.contribute(
            Recollection(incarnation: incarnation, copy: nil, copyTime: 0, own: []), of: node("old"), to: notice, in: incarnation)
        while try await old.gather().left == nil { try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 10_000)) }
        _ = try await old.restore(Restoration(try await old.gather(), terms: rules).request())
        let wish = { ReserveRequest(caller: node($0), demands: [.init(node: node($0), wanted: 3)]) }
        let granted = try await old.reserve(wish("old"))
        #expect(granted.grants[0].count == 1)
        _ = try await old.settle(
            SettleRequest(
                node: node("old"),
                entries: granted.grants[0].map {
                    .init(
                        mirror: 0, number: $0.number, incarnation: incarnation, remaining: $0.count,
                        completed: Runs(repeatElement(0, count: Int($0.count))))
                }))

        let before = try await old.announce().stamp.frame
        try await server.stepClock(by: .seconds(7_200))
        let first = try await new.reserve(wish("new"))
        #expect(first.grants == [[]] && first.stamp.isInDoubt)
        // A call that is slow proves nothing about the clock.
        try await eventually("a correction of the clock") { try await old.announce().stamp.frame > before }
        // The correction began another frame: once more, and it is known.
        #expect(try await new.reserve(wish("new")).grants == [[]])
        var known: ReserveReply
        repeat {
            // A call that is slower than those before it vouches for nothing.
            _ = try await old.announce()
            known = try await new.reserve(wish("new"))
            #expect(known.grants == [[]])
        } while known.stamp.isInDoubt

        // Nobody else is there any more: the next one to come believes the clock.
        await subscriber.shutDown()
        while try await !server.cli("PUBSUB", "NUMSUB", keys.beat).hasSuffix("\n0") {}
        let alone = RedisSlotLedger(client: client, pool: keys, node: node("alone"), terms: rules)
        #expect(try await alone.announce().stamp.isInDoubt == false)
        await client.shutDown()
        await server.stop()
        await loop.shutDown()
    }
}

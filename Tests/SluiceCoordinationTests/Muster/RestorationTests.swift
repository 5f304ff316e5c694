import SluiceCoordination
import Testing

/// What one member, or several, still know of a ledger that lost its data.
private struct Muster {
    let rules: LedgerTerms
    /// The ledger before the loss.
    var before: Bench
    var copies: [LedgerCopy] = []
    var told: [(node: NodeID, recollection: Recollection)] = []

    init(_ mirror: MirrorRules = mirror("a", "10/60s")) {
        rules = terms(mirror)
        before = Bench(rules)
    }

    mutating func give(_ name: String, _ wanted: Int64) -> [Grant] {
        before.reserve([.init(node: node(name), wanted: wanted)], by: node(name)).reply.grants[0]
    }

    mutating func copy() -> LedgerCopy {
        _ = before.reserve([])
        return before.state.copy(since: nil, before.call, at: before.raw).copy!
    }

    mutating func speaks(_ name: String, copy: LedgerCopy?, own: [Recollection.Own] = [], sentAfter age: Int64 = 0) {
        let time = copy.map { $0.time + age } ?? 0
        told.append((node(name), Recollection(incarnation: "one", copy: copy, copyTime: time, own: own)))
    }

    /// The ledger after the loss and the muster; its time is that of before.
    func after() -> Bench {
        var bench = Bench(rules)
        bench.raw = before.raw
        bench.muster = second
        bench.candidate = "two"
        #expect(bench.reserve([.init(node: node("new"), wanted: 1)]).reply.outcome == .mustering)
        for (node, recollection) in told {
            let notice = MusterNotice(number: 1, remaining: 0)
            _ = bench.state.contribute(recollection, of: node, to: notice, in: "two", bench.call, at: bench.raw)
        }
        #expect(bench.state.gather(bench.call, at: bench.raw).left == nil, "before its time nobody can end it")
        bench.raw += second
        let request = Restoration(bench.state.gather(bench.call, at: bench.raw), terms: rules).request()
        #expect(bench.state.restore(request, bench.call, at: bench.raw).reply.isDone)
        #expect(!bench.state.restore(request, bench.call, at: bench.raw).reply.isDone, "and only once")
        return bench
    }
}

extension Bench {
    fileprivate mutating func used() -> Int64 { state.inspect(call, at: raw).mirrors[0].used[0] }
    fileprivate mutating func free() -> Int64 { state.inspect(call, at: raw).mirrors[0].status.free }
}

@Suite struct `What members remember becomes the ledger` {
    @Test func `nobody remembers anything: a new ledger, and all of it is free`() {
        var after = Muster().after()
        #expect(after.count(99) == 10)
    }

    @Test func `a full window that was copied is full again, and comes back when it would have`() {
        var muster = Muster()
        let granted = muster.give("self", 10)
        _ = muster.before.settle([muster.before.entry(granted[0], completed: Array(repeating: 0, count: 10))])
        muster.speaks("self", copy: muster.copy())
        var after = muster.after()
        #expect(after.count(1) == 0)
        after.raw += 59 * second - second
        #expect(after.count(1) == 0)
        after.raw += second + 100 * millisecond
        #expect(after.count(99) == 10, "nothing was withheld beside what was known")
    }

    @Test func `a short window may have been filled several times since the copy: what a longer one allows is withheld`() {
        var muster = Muster(mirror("a", "6/200ms", "14/6s"))
        let granted = muster.give("self", 2)
        _ = muster.before.settle([muster.before.entry(granted[0], completed: [0, 0])])
        let copy = muster.copy()
        // Since then others may have got twelve, which nobody speaks of.
        muster.before.raw += second
        muster.speaks("self", copy: copy, sentAfter: second)
        var after = muster.after()
        // They may be answered until the longest grant is over, and count for six seconds from then.
        let steps = (muster.rules.life(hold: muster.rules.hold) + 5 * second) / (200 * millisecond) - 1
        var given: Int64 = 0
        for _ in 0..<steps {
            given += Int64(after.count(14))
            after.raw += 200 * millisecond
        }
        #expect(given <= 2)
    }

    @Test func `a long limit loses no more to a loss than the short ones can have let through`() {
        var muster = Muster(mirror("a", "3/2s", "100/86400s"))
        let copy = muster.copy()
        muster.before.raw += 3 * second
        muster.speaks("self", copy: copy, sentAfter: 3 * second)
        var after = muster.after()
        #expect(after.count(3) == 0)
        after.raw += muster.rules.life(hold: muster.rules.hold) + 3 * second
        #expect(after.count(3) == 3, "the mirror is not closed for a day")
        #expect(after.state.inspect(after.call, at: after.raw).mirrors[0].used[1] <= 12)
    }

    @Test func `what nobody accounts for is withheld until the longest grant and one window are over`() {
        var muster = Muster()
        let granted = muster.give("self", 4)
        _ = muster.before.settle([muster.before.entry(granted[0], completed: [0, 0, 0, 0])])
        muster.speaks("self", copy: muster.copy())
        var after = muster.after()
        #expect(after.used() == 10)
        #expect(after.count(1) == 0)
        after.raw += 60 * second
        #expect(after.count(99) == 4, "those that are known come back after their window")
        after.raw += muster.rules.life(hold: muster.rules.hold) + second
        #expect(after.count(99) == 6, "the others when the longest grant and a window are over")
    }

    @Test func `an open grant of a member that speaks stays its own, and can be reported`() {
        var muster = Muster()
        let granted = muster.give("self", 10)[0]
        let copy = muster.copy()
        muster.speaks("self", copy: copy, own: [.init(number: granted.number, mirror: "a", count: 10, remaining: 3 * second)])
        var after = muster.after()
        #expect(after.state.pull(node("self"), after.call, at: after.raw).held.map(\.grant) == [granted])
        let entry = SettleRequest.Entry(mirror: 0, number: granted.number, incarnation: "one", remaining: 10, unsent: 10)
        #expect(after.settle([entry]).reply.applied == 1)
        #expect(after.count(99) == 10)
    }

    @Test func `an open grant of a member that is silent may have been given to others, and is withheld once`() {
        var muster = Muster()
        _ = muster.give("gone", 6)
        muster.speaks("self", copy: muster.copy())
        var after = muster.after()
        #expect(after.used() == 10)
        #expect(after.state.pull(node("gone"), after.call, at: after.raw).held.isEmpty)
    }

    @Test func `completions that were confirmed after the copy are used`() {
        var muster = Muster()
        let granted = muster.give("self", 10)[0]
        let copy = muster.copy()
        muster.speaks(
            "self", copy: copy,
            own: [
                .init(number: granted.number, mirror: "a", count: 10, remaining: 3 * second, settled: [second, nil, second, nil])
            ])
        var after = muster.after()
        // 6 open, 2 used; 2 came back and may have been given away.
        #expect(after.used() == 10)
        let entry = SettleRequest.Entry(mirror: 0, number: granted.number, incarnation: "one", remaining: 6, unsent: 6)
        #expect(after.settle([entry]).reply.applied == 1)
        #expect(after.count(99) == 6)
        after.raw += 60 * second
        #expect(after.count(99) == 2, "those that are known come back after their window")
    }

    @Test func `of several copies the newest counts, and a grant newer than all of them`() {
        var muster = Muster()
        let old = muster.copy()
        let granted = muster.give("self", 5)
        _ = muster.before.settle([muster.before.entry(granted[0], completed: [0, 0, 0, 0, 0])])
        let new = muster.copy()
        let late = muster.give("late", 5)[0]
        muster.speaks("self", copy: new)
        muster.speaks("late", copy: old, own: [.init(number: late.number, mirror: "a", count: 5, remaining: 3 * second)])
        var after = muster.after()
        let entry = SettleRequest.Entry(mirror: 0, number: late.number, incarnation: "one", remaining: 5, unsent: 5)
        #expect(after.settle([entry], by: node("late")).reply.applied == 1)
        #expect(after.count(99) == 5, "the completed ones are used, nothing else is")
        after.raw += 59 * second + 100 * millisecond
        #expect(after.count(99) == 5, "and they come back after their window: nothing is withheld")
    }

    @Test func `numbers of grants go on above all that was given`() {
        var muster = Muster()
        let granted = muster.give("self", 10)[0]
        muster.speaks("self", copy: muster.copy())
        var after = muster.after()
        after.raw += hour
        #expect(after.take(1)[0].number > granted.number)
    }

    @Test func `a mirror of which nobody spoke is taken to be used up when somebody comes who was there before`() {
        var after = Muster().after()
        after.terms = terms(mirror("a", "10/60s"), mirror("b", "5/1s", "20/10s"))
        after.knowledge = LedgerKnowledge(incarnation: "two", lower: after.raw, upper: after.raw + millisecond, age: 0)
        let other = after.take(99)
        #expect(other.map(\.mirror) == [0], "what is known is free")
        let status = after.reserve([]).reply.mirrors[1]
        #expect(status.free == 0 && status.sealedFor > 10 * second)
        after.knowledge = nil
        after.raw += after.terms.life(hold: after.terms.hold) + 10 * second
        #expect(after.take(99).isEmpty)
        after.raw += 20 * millisecond
        #expect(after.take(99).map(\.count) == [5])
        // One that has just started lost nothing.
        after.terms = terms(mirror("c", "7/60s"))
        #expect(after.count(99) == 7)
    }

    @Test func `so it is for one who knows only the life that was lost, and not while members are asked`() {
        var muster = Muster()
        muster.speaks("self", copy: muster.copy())
        var after = muster.after()
        #expect(after.state.meta!.lives == ["one"])
        after.terms = terms(mirror("a", "10/60s"), mirror("b", concurrency: 3))
        after.knowledge = LedgerKnowledge(incarnation: "one", lower: after.raw, upper: after.raw + millisecond, age: 0)
        // To look keeps nothing.
        _ = after.state.pull(node("self"), after.call, at: after.raw)
        #expect(after.state.mirrors["b"] == nil)
        #expect(after.reserve([]).reply.mirrors[1].free == 0)
        after.knowledge = nil
        after.raw += after.terms.life(hold: after.terms.hold) + millisecond
        #expect(after.take(99).filter { $0.mirror == 1 }.map(\.count) == [3])

        var asked = Bench(terms(mirror("a", "10/60s")))
        asked.muster = second
        _ = asked.reserve([])
        asked.terms = terms(mirror("b", "5/1s"))
        asked.knowledge = LedgerKnowledge(incarnation: "one", lower: asked.raw, upper: asked.raw + millisecond, age: 0)
        #expect(asked.reserve([]).reply.outcome == .mustering)
        #expect(asked.state.mirrors["b"]?.open.sum == 0)
    }

    @Test func `a memory of before that comes after the muster begins another, and adds to it`() {
        var muster = Muster()
        let granted = muster.give("self", 10)
        _ = muster.before.settle([muster.before.entry(granted[0], completed: Array(repeating: 0, count: 10))])
        let copy = muster.copy()
        var after = muster.after()
        #expect(after.free() == 10, "nobody spoke")
        after.knowledge = LedgerKnowledge(incarnation: "one", lower: 0, upper: nil, age: 0)
        #expect(after.reserve([.init(node: node("self"), wanted: 1)]).reply.outcome == .mustering)
        let told = Recollection(incarnation: "one", copy: copy, copyTime: copy.time + second, own: [])
        _ = after.state.contribute(told, of: node("self"), to: MusterNotice(number: 2, remaining: 0), in: "two", after.call, at: after.raw)
        after.raw += second
        let request = Restoration(after.state.gather(after.call, at: after.raw), terms: muster.rules).request()
        #expect(after.state.restore(request, after.call, at: after.raw).reply.isDone)
        #expect(after.count(1) == 0)
    }
}

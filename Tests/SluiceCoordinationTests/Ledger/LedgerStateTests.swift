import SluiceCoordination
import Testing

/// How long after its completion a slot of a 60 s window is released.
private let minute = 60 * second + 60 * millisecond

@Suite(.timeLimit(.minutes(10))) struct `The ledger's rules` {
    @Test func `a slot is released one window after its request completed, not after its grant`() {
        var bench = Bench(terms(mirror("a", "1/60s")))
        let granted = bench.take(5)
        #expect(granted.map(\.count) == [1])
        bench.raw += 3 * second
        bench.complete(granted)
        bench.raw += minute - 1
        #expect(bench.count(1) == 0)
        bench.raw += 1
        #expect(bench.count(1) == 1)
    }

    @Test func `what completed a while before its report is released by that much earlier, less the drift`() {
        var bench = Bench(terms(mirror("a", "1/60s")))
        let granted = bench.take(1)
        bench.raw += 5 * second
        bench.settle([bench.entry(granted[0], completed: [4 * second])])
        bench.raw += minute - 4 * second + 4 * millisecond - 1
        #expect(bench.count(1) == 0)
        bench.raw += 1
        #expect(bench.count(1) == 1)
    }

    @Test func `a slot that was never used is free at once, and whoever leads is told`() {
        var bench = Bench(terms(mirror("a", "2/60s")))
        let granted = bench.take(2)
        let (reply, messages) = bench.settle([bench.entry(granted[0], completed: [0], unsent: 1)])
        #expect(reply.mirrors[0].free == 1)
        #expect(messages == [.freed])
        #expect(bench.settle([bench.entry(granted[0], unsent: 1)]).messages.isEmpty)
        #expect(bench.count(5) == 1)
    }

    @Test func `a silent node's slot counts as used at the very end of its time`() {
        let terms = terms(mirror("a", "1/60s"))
        var bench = Bench(terms)
        let granted = bench.take(1)
        bench.raw += terms.life(hold: terms.hold) + minute - 1
        #expect(bench.count(1) == 0)
        bench.raw += 1
        #expect(bench.count(1) == 1)
        #expect(bench.state.inspect(bench.call, at: bench.raw).mirrors[0].counters.expired == 1)
        #expect(bench.settle([bench.entry(granted[0], completed: [0])]).reply.applied == 0)
    }

    @Test func `a repeated report changes nothing`() {
        var bench = Bench(terms(mirror("a", "10/60s")))
        let granted = bench.take(10)
        let first = bench.entry(granted[0], completed: [0, 0, 0], unsent: 2)
        let second = bench.entry(granted[0], completed: [0], remaining: 5)
        #expect(bench.settle([first]).reply.applied == 1)
        let once = bench.state.mirrors
        #expect(bench.settle([first]).reply.applied == 0)
        #expect(bench.state.mirrors == once)
        #expect(bench.settle([first, second]).reply.applied == 1)
        #expect(bench.settle([first, second]).reply.applied == 0)
        #expect(bench.state.inspect(bench.call, at: bench.raw).mirrors[0].used == [8])
    }

    @Test func `a report of somebody else's grant, or of more than it held, is not taken`() {
        var bench = Bench(terms(mirror("a", "10/60s")))
        let granted = bench.take(3)
        #expect(bench.settle([bench.entry(granted[0], unsent: 3)], by: node("other")).reply.applied == 0)
        #expect(bench.settle([bench.entry(granted[0], unsent: 4)]).reply.applied == 0)
        #expect(bench.settle([bench.entry(granted[0], unsent: -1)]).reply.mirrors[0].free == 7)
    }

    @Test func `the hold of a body that runs on is renewed`() {
        let terms = terms(mirror("a", "1/60s"))
        var bench = Bench(terms)
        let granted = bench.take(1)
        for _ in 0..<10 {
            bench.raw += terms.life(hold: terms.hold) - 1
            var entry = bench.entry(granted[0])
            entry.extend = terms.hold
            #expect(bench.settle([entry]).reply.applied == 1)
        }
        #expect(bench.settle([bench.entry(granted[0], completed: [0])]).reply.applied == 1)
    }

    @Test func `every limit must have room`() {
        var bench = Bench(terms(mirror("a", "5/1s", "8/60s")))
        bench.complete(bench.take(9))
        #expect(bench.state.inspect(bench.call, at: bench.raw).mirrors[0].used == [5, 5])
        bench.raw += second + millisecond
        #expect(bench.count(9) == 3)
    }

    @Test func `a cap on concurrent requests holds until one ends`() {
        var bench = Bench(terms(mirror("a", "100/60s", concurrency: 2)))
        let granted = bench.take(9)
        #expect(granted[0].count == 2)
        #expect(bench.reserve([]).reply.mirrors[0] == MirrorStatus(free: 0, inUse: 2, nextRelease: nil, pausedFor: 0, sealedFor: 0))
        #expect(bench.settle([bench.entry(granted[0], completed: [0])]).messages == [.freed])
        #expect(bench.count(9) == 1)
    }

    @Test func `a burst comes at once, then one for each refill, counted from the completion`() {
        var bench = Bench(terms(mirror("a", "60/60s", burst: 3)))
        let refill = second + millisecond
        let granted = bench.take(9)
        #expect(granted[0].count == 3)
        bench.raw += 500 * millisecond
        bench.complete(granted)
        #expect(bench.reserve([]).reply.mirrors[0].nextRelease == refill)
        bench.raw += refill - 1
        #expect(bench.count(9) == 0)
        bench.raw += 1
        #expect(bench.count(9) == 1)
    }

    @Test func `the next release is the earliest possible one`() {
        var bench = Bench(terms(mirror("a", "2/60s")))
        let granted = bench.take(2)
        #expect(bench.reserve([]).reply.mirrors[0].nextRelease == minute)
        bench.settle([bench.entry(granted[0], completed: [0])])
        bench.raw += second
        #expect(bench.reserve([]).reply.mirrors[0].nextRelease == minute - second)
    }

    @Test func `above a thousand slots a window releases are rounded up to 1 of 512 parts of it`() {
        var bench = Bench(terms(mirror("a", "1001/512s")))
        bench.raw += 1
        bench.complete(bench.take(1001))
        let guarded = 512 * second + 512 * millisecond
        let next = bench.reserve([]).reply.mirrors[0].nextRelease!
        #expect((guarded..<guarded + second).contains(next))
        #expect((bench.raw + next) % second == 0)
    }

    @Test func `while less than a quarter of such a limit is in use they are rounded up to 1 of 16 parts`() {
        for (taken, step) in [(250, 32 * second), (251, second)] {
            var bench = Bench(terms(mirror("a", "1001/512s")))
            bench.raw += 1
            bench.complete(bench.take(Int64(taken)))
            let used = bench.reserve([]).reply.mirrors[0].inUse
            #expect(used == taken)
            // What is left is used up, so that the first to come back are those.
            _ = bench.take(1001)
            let next = bench.reserve([]).reply.mirrors[0].nextRelease!
            #expect((bench.raw + next) % step == 0)
            #expect((0..<step).contains(next - 512 * second - 512 * millisecond))
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Who may reserve` {
    private let leader = node("leader")

    private func led() -> Bench {
        var bench = Bench(terms(mirror("a", "4/60s"), mirror("b", "4/60s")))
        bench.state.leader = leader
        bench.state.epoch = 3
        return bench
    }

    @Test func `a leader's reserve goes to the nodes, each by one message`() throws {
        var bench = led()
        let (reply, messages) = bench.reserve(
            [
                .init(node: node("one"), wanted: 5, stamp: 11, sequence: 21), .init(node: leader, wanted: 1, stamp: 12, sequence: 22),
                .init(node: node("two"), wanted: 9, stamp: 13, sequence: 23), .init(node: node("none"), wanted: 0),
            ], by: leader, epoch: 3)
        #expect(reply.outcome == .granted)
        #expect(reply.grants.map { $0.reduce(0) { $0 + $1.count } } == [4, 1, 3, 0])
        #expect(messages.count == 2)
        guard case .grant(let to, let message) = messages[0] else { throw RulesError("no grant") }
        #expect(to == node("one"))
        #expect(message.epoch == 3 && message.stamp == 11 && message.sequence == 21)
        #expect(message.items.map(\.mirror) == ["a"])
        #expect(bench.state.pull(node("two"), bench.call, at: bench.raw).held.reduce(0) { $0 + $1.grant.count } == 3)
    }

    @Test func `a call with an epoch that is no longer current is refused and takes nothing`() {
        var bench = led()
        #expect(bench.reserve([.init(node: leader, wanted: 1)], by: leader, epoch: 2).reply.outcome == .staleEpoch(current: 3))
        #expect(bench.reserve([.init(node: leader, wanted: 1)], by: node("old"), epoch: 3).reply.outcome == .staleEpoch(current: 3))
        bench.state.leader = nil
        #expect(bench.reserve([.init(node: leader, wanted: 1)], by: leader, epoch: 3).reply.outcome == .staleEpoch(current: 3))
        #expect(bench.state.inspect(bench.call, at: bench.raw).mirrors.allSatisfy { $0.used == [0] })
    }

    @Test func `an epoch counted anew after a loss of data does not revive an old leader`() {
        var bench = led()
        bench.knowledge = LedgerKnowledge(incarnation: "before", lower: 0, upper: nil, age: 0)
        #expect(bench.reserve([.init(node: leader, wanted: 1)], by: leader, epoch: 3).reply.outcome == .staleEpoch(current: 3))
    }

    @Test func `a one-shot caller queues with the leader only while others wait there`() {
        var bench = led()
        let single = node("single")
        #expect(bench.reserve([.init(node: single, wanted: 1)], by: single, yields: true).reply.outcome == .granted)
        _ = bench.reserve([.init(node: node("many"), wanted: 9)], by: leader, epoch: 3)
        #expect(bench.reserve([.init(node: single, wanted: 1)], by: single, yields: true).reply.outcome == .queueWithLeader)
        #expect(bench.reserve([.init(node: single, wanted: 1)], by: single).reply.outcome == .granted)
        bench.raw += second + 1
        #expect(bench.reserve([.init(node: single, wanted: 1)], by: single, yields: true).reply.outcome == .granted)
    }

    @Test func `what nobody wants is given while nobody waits, and leaves a quarter of each limit to those who come`() {
        var bench = led()
        let (spare, many) = (node("spare"), node("many"))
        func spared(_ wanted: Int64) -> ReserveReply { bench.reserve([.init(node: spare, wanted: wanted)], by: spare, spares: true).reply }
        let all = bench.reserve([], by: many).reply.mirrors.reduce(0) { $0 + $1.free }
        let kept = bench.terms.mirrors.reduce(0) { $0 + $1.limits[0].count / 4 }
        #expect(kept > 0)
        #expect(spared(1_000).grants[0].reduce(0) { $0 + $1.count } == all - kept)
        #expect(spared(1).grants[0].isEmpty)
        #expect(bench.reserve([.init(node: many, wanted: 1_000)], by: leader, epoch: 3).reply.grants[0].reduce(0) { $0 + $1.count } == kept)
        bench.raw += second / 2
        #expect(spared(1).outcome == .queueWithLeader)
    }

    @Test func `a penalty pauses a mirror for everyone, is never shortened and never longer than a day`() {
        var bench = led()
        _ = bench.take(0)
        let now = bench.state.meta!.nextNumber
        _ = bench.state.penalise(mirror: 0, grant: now, asked: 10 * second, bench.call, at: bench.raw)
        let (reply, _) = bench.state.penalise(mirror: 0, grant: now - 1, asked: second, bench.call, at: bench.raw)
        #expect(reply.mirrors[0].free == 0 && reply.mirrors[0].nextRelease == 10 * second && reply.mirrors[0].pausedFor == 10 * second)
        #expect(bench.take(8).map(\.mirror) == [1])
        bench.raw += 10 * second
        #expect(bench.take(8).map(\.mirror) == [0])
        #expect(bench.state.penalise(mirror: 1, grant: now, asked: 10 * day, bench.call, at: bench.raw).reply.mirrors[1].pausedFor == day)
    }
}

import SluiceCoordination
import SluiceLoop
import Testing

/// A caller's own continuous clock beside the host's, which the test steps.
private struct Caller {
    var local: Int64 = 50 * second
    var clock = LedgerClock()

    mutating func heard(_ stamp: LedgerStamp) {
        clock.heard(stamp, sent: Instant(microseconds: local - 100), received: Instant(microseconds: local + 100))
    }
    var knowledge: LedgerKnowledge? { clock.knowledge(at: Instant(microseconds: local)) }
}

@Suite(.computing, .timeLimit(.minutes(10))) struct `G6, no trusted clocks` {
    @Test(arguments: [-hour, hour, -day, day, -second, second])
    func `a step of the host's clock neither frees a slot early nor freezes the pool while a node has bounds`(step: Int64) {
        var bench = Bench(terms(mirror("a", "3/60s")))
        var caller = Caller()
        func pass(_ span: Int64) {
            bench.raw += span
            caller.local += span
        }
        let granted = bench.reserve([.init(node: node("self"), wanted: 3)])
        caller.heard(granted.reply.stamp)
        bench.complete(granted.reply.grants[0])
        pass(10 * second)
        bench.raw += step
        bench.knowledge = caller.knowledge
        caller.heard(bench.reserve([]).reply.stamp)
        // A caller without bounds uses the corrected time as well.
        bench.knowledge = nil
        pass(49 * second)
        #expect(bench.count(3) == 0)
        pass(second + 60 * millisecond + 100 * millisecond)
        bench.knowledge = caller.knowledge
        #expect(bench.count(3) == 3)
    }

    @Test func `a pull with bounds of an earlier frame tells no longer life of a grant than it has`() {
        var bench = Bench(terms(mirror("a", "3/60s"), hold: 2 * second, timeout: second))
        var caller = Caller()
        caller.heard(bench.reserve([.init(node: node("self"), wanted: 1)]).reply.stamp)
        let old = caller.knowledge
        // A step is corrected for somebody else, and begins another frame; then nobody calls for a while.
        bench.raw += hour
        bench.knowledge = old
        #expect(bench.reserve([]).reply.stamp.frame == 1)
        bench.raw += 3 * second
        caller.local += 3 * second
        bench.knowledge = caller.knowledge
        let held = bench.state.pull(node("self"), bench.call, at: bench.raw).held
        #expect(held.map(\.grant.count) == [1])
        #expect(held.allSatisfy { $0.life <= bench.terms.life(hold: 2 * second) - 3 * second + 50 * millisecond })
    }

    @Test func `ledger time never runs backwards, whatever the bounds say`() {
        for seed in 0..<2_000 as Range<UInt64> {
            var random = Seeded(seed)
            var bench = Bench(terms(mirror("a", "3/1s", "40/60s")))
            var last: Int64 = 0
            for _ in 0..<30 {
                bench.raw += random.pick(-5 * second...10 * second)
                let centre = bench.raw + random.pick(-hour...hour)
                bench.knowledge =
                    random.chance(50)
                    ? LedgerKnowledge(
                        incarnation: random.chance(80) ? "one" : "other", lower: centre, upper: random.chance(80) ? centre + second : nil,
                        age: random.pick(0...hour)) : nil
                let (reply, _) = bench.reserve([.init(node: node("self"), wanted: 2)])
                #expect(reply.stamp.time >= last, "seed \(seed)")
                last = reply.stamp.time
                for log in bench.state.mirrors["a"]!.logs.values {
                    #expect(log.records.allSatisfy { $0.release > last }, "seed \(seed)")
                    #expect(zip(log.records, log.records.dropFirst()).allSatisfy { $0.release <= $1.release }, "seed \(seed)")
                }
                if random.chance(70) { bench.complete(reply.grants[0]) }
            }
        }
    }

    @Test func `bounds about another life of the data do not move its time`() {
        var bench = Bench(terms(mirror("a", "3/60s")))
        _ = bench.reserve([])
        bench.knowledge = LedgerKnowledge(incarnation: "before", lower: bench.raw + hour, upper: bench.raw + 2 * hour, age: 0)
        #expect(bench.reserve([]).reply.stamp.time == bench.raw)
    }

    @Test func `who knows the time of the life before sees a step in the one that went on from it`() {
        var bench = Bench(terms(mirror("a", "1/60s")))
        let start = bench.reserve([]).reply.stamp.time
        bench.state = LedgerState()
        bench.candidate = "two"
        bench.raw += second
        let old = LedgerKnowledge(incarnation: "one", lower: start + second, upper: start + second + millisecond, age: 0)
        bench.knowledge = old
        bench.complete(bench.take(1))
        bench.raw += hour
        // Somebody else, who has had no answer in this life yet.
        bench.knowledge = old
        #expect(bench.count(1) == 0)
        // What the clock was set by is not kept: nor is it free for whoever knows nothing.
        bench.knowledge = nil
        bench.raw += second
        #expect(bench.count(1) == 0)
        bench.raw += 60 * second
        #expect(bench.count(1) == 1)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `Frames of ledger time` {
    @Test func `a node whose bounds are from before a correction still notices the next step forward`() {
        var bench = Bench(terms(mirror("a", "1/60s")))
        let start = bench.reserve([]).reply.stamp.time
        let old = LedgerKnowledge(incarnation: "one", lower: start, upper: start + 10, age: 0)
        bench.raw += hour
        bench.knowledge = old
        _ = bench.reserve([])
        bench.complete(bench.take(1))
        bench.raw += hour
        let (reply, _) = bench.reserve([.init(node: node("self"), wanted: 1)])
        #expect(reply.grants == [[]])
        #expect(reply.stamp.time <= start + 10)
        #expect(reply.stamp.frame == 2)
    }

    @Test func `a step that is shorter than a slow call is put right by whoever has proof of it, once`() {
        var bench = Bench(terms(mirror("a", "1/60s")))
        let start = bench.reserve([]).reply.stamp.time
        bench.complete(bench.take(1))
        let truth = start + 59 * second
        bench.raw += 59 * second + 21 * millisecond
        func known(isAhead: Bool) -> LedgerKnowledge {
            LedgerKnowledge(incarnation: "one", lower: truth, upper: truth + millisecond, isClockAhead: isAhead, age: 0)
        }
        // Without proof it may have been the call: the caller is held back, the clock is left alone.
        bench.knowledge = known(isAhead: false)
        let doubtful = bench.reserve([]).reply.stamp
        #expect(doubtful.frame == 0 && doubtful.time == truth + millisecond && doubtful.clock == truth + 21 * millisecond)
        // To look changes nothing, and hides nothing.
        bench.knowledge = known(isAhead: true)
        #expect(bench.state.pull(node("self"), bench.call, at: bench.raw).stamp.clock == truth + 21 * millisecond)
        let corrected = bench.reserve([]).reply.stamp
        #expect(corrected.frame == 1 && corrected.clock == truth + millisecond)
        // The proof was about the frame before.
        bench.raw += 10 * millisecond
        let again = bench.reserve([]).reply.stamp
        #expect(again.frame == 1 && again.clock == truth + 11 * millisecond)
    }

    @Test(arguments: [3, 10, 21, 45, 53] as [Int64])
    func `a step that is put right and then undone frees nothing early for those who saw neither`(step: Int64) {
        var bench = Bench(terms(mirror("a", "1/200ms")))
        let start = bench.reserve([]).reply.stamp.time
        /// What somebody with tight bounds knows so long after the start.
        func known(_ after: Int64, frame: Int64, isClockAhead: Bool = false) -> LedgerKnowledge {
            LedgerKnowledge(
                incarnation: "one", frame: frame, lower: start + after - 200, upper: start + after + 200, isClockAhead: isClockAhead, age: 0
            )
        }
        let slot = bench.take(1)
        bench.raw += 20 * millisecond + step * millisecond
        bench.knowledge = known(20 * millisecond, frame: 0, isClockAhead: true)
        #expect(bench.reserve([]).reply.stamp.frame == 1)
        // Undone, before the one who had the slot hears of it; he reports with what he knew before.
        bench.raw += (100 - 20) * millisecond - step * millisecond
        bench.knowledge = known(100 * millisecond, frame: 0)
        bench.complete(slot)
        // The other's bounds put the clock forward again.
        bench.raw += 10 * millisecond
        bench.knowledge = known(110 * millisecond, frame: 1)
        _ = bench.reserve([])
        bench.raw += 188 * millisecond
        bench.knowledge = known(298 * millisecond, frame: 1)
        #expect(bench.count(1) == 0)
        bench.raw += 60 * millisecond
        bench.knowledge = known(358 * millisecond, frame: 1)
        #expect(bench.count(1) == 1)
    }

    @Test func `after a correction, lower bounds from before it move nothing`() {
        var bench = Bench(terms(mirror("a", "1/200ms")))
        let start = bench.reserve([]).reply.stamp.time
        // The one corrects a step with bounds of 30 ms; the other's, of before, are exact.
        bench.raw += hour + 10 * second
        bench.knowledge = LedgerKnowledge(
            incarnation: "one", lower: start + 10 * second - 30 * millisecond, upper: start + 10 * second, age: 0)
        let corrected = bench.reserve([]).reply.stamp
        #expect(corrected.time == start + 10 * second - 30 * millisecond)
        #expect(corrected.frame == 1)
        bench.knowledge = nil
        bench.complete(bench.take(1))
        bench.raw += 190 * millisecond
        let truth = start + 10 * second + 190 * millisecond
        bench.knowledge = LedgerKnowledge(incarnation: "one", lower: truth, upper: truth + 1, age: 0)
        #expect(bench.count(1) == 0)
        bench.raw += 10 * millisecond + 200
        #expect(bench.count(1) == 1)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `When data is lost` {
    private let rules = terms(mirror("a", "3/60s", "9/1h"), mirror("b", "3/60s"))
    @Test func `a ledger that nobody knew begins open`() {
        var bench = Bench(rules)
        #expect(bench.count(9) == 6)
    }

    @Test func `completions of a grant from another life count as used`() {
        var bench = Bench(rules)
        let entry = SettleRequest.Entry(
            mirror: 1, number: 5, incarnation: "before", remaining: 4, completed: [0, second], unsent: 2)
        _ = bench.reserve([])
        let (reply, messages) = bench.settle([entry])
        #expect(reply.foreign == 1 && reply.applied == 0)
        #expect(reply.mirrors[1].inUse == 2)
        #expect(messages.isEmpty)
    }
}

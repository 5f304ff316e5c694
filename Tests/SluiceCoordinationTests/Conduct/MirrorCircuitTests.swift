import SluiceCoordination
import Testing

/// The circuit that a pool shares, in the ledger's model; a differential test shows that Redis does the same.
@Suite(.timeLimit(.minutes(10))) struct `A mirror's circuit` {
    private func bench(_ limit: String = "100/1s") -> Bench { Bench(terms(mirror("a", limit), hold: second, timeout: second)) }

    @Test func `three failures without an answer open it, for the whole pool`() {
        var bench = bench()
        for _ in 1...2 { bench.end(bench.take(1), failed: 1) }
        #expect(bench.status.standing == .good)
        bench.end(bench.take(1, by: node("other")), by: node("other"), failed: 1)
        #expect(bench.status.standing == .failing)
        #expect(bench.status.pausedFor == 500 * millisecond)
        #expect(bench.count(5) == 0)
    }

    @Test func `a mirror that fails now and then stays in use, one that fails every other time does not`() {
        var bench = bench()
        for _ in 1...100 {
            bench.end(bench.take(1), failed: 1)
            for _ in 1...2 { bench.end(bench.take(1), answered: 1) }
            bench.raw += second
        }
        #expect(bench.status.standing == .good)
        for _ in 1...8 {
            bench.end(bench.take(1), failed: 1)
            bench.end(bench.take(1), answered: 1)
        }
        #expect(bench.status.standing == .failing)
    }

    @Test func `requests that were under way together fail together: they open it once`() {
        var bench = bench()
        let together = (1...10).map { _ in bench.take(1) }
        for grants in together { bench.end(grants, failed: 1) }
        #expect(bench.status.pausedFor == 500 * millisecond)
    }

    @Test func `when its time is over exactly one slot is given, and each that fails doubles the time, up to half a minute`() {
        var bench = bench()
        bench.open()
        var expected = 500 * millisecond
        for _ in 1...10 {
            #expect(bench.status.pausedFor == expected)
            bench.raw += expected - 1
            #expect(bench.count(5) == 0)
            bench.raw += 1
            let probe = bench.take(5)
            #expect(probe.map(\.count) == [1])
            #expect(bench.take(5, by: node("other")).isEmpty)
            #expect(bench.status.pausedFor == 0 && bench.status.standing == .failing)
            bench.end(probe, failed: 1)
            expected = min(2 * expected, 30 * second)
        }
        #expect(expected == 30 * second)
    }

    @Test func `a probe that is answered closes it, and the next time it opens for half a second again`() {
        var bench = bench()
        bench.open()
        bench.raw += 500 * millisecond
        bench.end(bench.take(1), failed: 1)
        bench.raw += second
        bench.end(bench.take(1), answered: 1)
        #expect(bench.status.standing == .good)
        #expect(bench.count(20) == 20)
        bench.raw += 2 * second
        bench.open()
        #expect(bench.status.pausedFor == 500 * millisecond)
    }

    @Test func `a probe whose node vanishes counts as failed when its time is over, and then there is another`() {
        var bench = bench()
        bench.open()
        bench.raw += 500 * millisecond
        #expect(bench.count(1) == 1)
        // Nothing is heard of it any more.
        bench.raw += bench.terms.life(hold: bench.terms.hold)
        #expect(bench.count(5) == 0)
        #expect(bench.status.pausedFor == second)
        bench.raw += second
        #expect(bench.count(5) == 1)
    }

    @Test func `a probe that comes back unused, or of which nothing is known, leaves its turn to the next slot`() {
        var bench = bench()
        bench.open()
        bench.raw += 500 * millisecond
        let unused = bench.take(1)
        bench.settle(unused.map { bench.entry($0, unsent: 1) })
        #expect(bench.status.standing == .failing)
        let next = bench.take(5)
        #expect(next.map(\.count) == [1])
        bench.complete(next)
        #expect(bench.count(5) == 1)
    }

    @Test func `a probe that somebody keeps for long does not keep others from trying`() {
        var bench = bench()
        bench.open()
        bench.raw += 500 * millisecond
        let kept = bench.take(1)[0]
        #expect(bench.count(1) == 0)
        var renewal = bench.entry(kept)
        renewal.extend = second
        bench.settle([renewal])
        let next = bench.take(5)
        #expect(next.map(\.count) == [1])
        #expect(bench.count(5) == 0)
        bench.end(next, answered: 1)
        #expect(bench.status.standing == .good)
    }

    @Test func `what is told of requests from before it opened neither closes it nor opens it again`() {
        var bench = bench()
        let before = (1...5).map { _ in bench.take(1) }
        bench.open()
        bench.end(before[0], answered: 1)
        #expect(bench.status.standing == .failing)
        bench.raw += 500 * millisecond
        bench.end(bench.take(1), answered: 1)
        for grants in before.dropFirst() { bench.end(grants, failed: 1) }
        #expect(bench.status.standing == .good)
    }

    @Test func `connections that could not be made open it when nobody was answered for two seconds, and their slots are free at once`() {
        var bench = bench("3/60s")
        bench.end(bench.take(1), answered: 1)
        for _ in 1...25 {
            bench.cannotConnect()
            #expect(bench.status.standing == .good)
            bench.raw += 80 * millisecond
        }
        for _ in 1...2 { bench.cannotConnect() }
        #expect(bench.status.standing == .failing)
        bench.raw += 500 * millisecond
        bench.end(bench.take(1), answered: 1)
        #expect(bench.status.standing == .good && bench.count(5) == 1)
    }

    @Test func `where nobody was answered within the window, three connections that could not be made open it`() {
        var bench = bench()
        for _ in 1...2 { bench.cannotConnect() }
        #expect(bench.status.standing == .good)
        bench.cannotConnect()
        #expect(bench.status.standing == .failing)
    }

    @Test func `a host that is cut off takes the mirror from nobody else, however often it tries`() {
        var bench = bench("100/1s")
        for _ in 1...20 {
            bench.end(bench.take(1, by: node("other")), by: node("other"), answered: 1)
            for _ in 1...90 {
                bench.cannotConnect()
                bench.raw += 10 * millisecond
            }
            #expect(bench.status.standing == .good)
        }
        // One failure of another kind does not open it either; three do.
        bench.end(bench.take(1, by: node("other")), by: node("other"), failed: 1)
        #expect(bench.status.standing == .good)
        for _ in 1...2 { bench.end(bench.take(1, by: node("other")), by: node("other"), failed: 1) }
        #expect(bench.status.standing == .failing)
    }

    @Test func `a probe that cannot connect has failed`() {
        var bench = bench()
        bench.open()
        bench.raw += 500 * millisecond
        bench.cannotConnect()
        #expect(bench.status.pausedFor == second)
    }

    @Test func `others are asked first: a probe goes out when they have nothing free`() {
        var bench = Bench(terms(mirror("a", "10/1s"), mirror("b", "10/1s"), hold: second, timeout: second))
        bench.open()
        bench.raw += 500 * millisecond
        #expect(bench.take(4).map(\.mirror) == [1])
        #expect(bench.take(9).map { [$0.mirror, Int($0.count)] } == [[0, 1], [1, 6]])
    }
}

extension Bench {
    /// What the first mirror's state is.
    var status: MirrorStatus { state.inspect(call, at: raw).mirrors[0].status }

    /// Reports that every slot of the grants is over, and how the mirror fared.
    mutating func end(_ grants: [Grant], by caller: NodeID = node("self"), answered: Int64 = 0, failed: Int64 = 0, latency: Int64? = nil) {
        let entries = grants.map { grant in
            var entry = entry(grant, completed: [Int64](repeating: 0, count: Int(grant.count)))
            (entry.answered, entry.failed, entry.latency) = (answered, failed, latency)
            return entry
        }
        settle(entries, by: caller)
    }

    /// One slot comes back unsent, since no connection came about.
    mutating func cannotConnect() {
        let entries = take(1).map { grant in
            var entry = entry(grant, unsent: 1)
            entry.unreached = 1
            return entry
        }
        settle(entries)
    }

    /// Lets the first mirror fail until its circuit is open.
    mutating func open() {
        for _ in 1...3 {
            let probe = state.reserve(
                ReserveRequest(caller: node("self"), demands: [.init(node: node("self"), wanted: 1)]), only(0), at: raw)
            end(probe.reply.grants[0], failed: 1)
        }
    }

    /// A call by somebody who knows but one mirror.
    private func only(_ place: Int) -> LedgerCall {
        var call = call
        call.terms = try! LedgerTerms(mirrors: [terms.mirrors[place]], hold: terms.hold, requestTimeout: terms.requestTimeout)
        return call
    }
}

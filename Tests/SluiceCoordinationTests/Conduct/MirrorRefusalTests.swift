import SluiceCoordination
import Testing

/// The answer to refusals within the limits, step by step, in the ledger's model.
@Suite(.timeLimit(.minutes(10))) struct `A mirror that refuses within its limits` {
    private let window = 60 * second

    private func bench(_ limits: String...) -> Bench {
        let rules = try! MirrorRules(name: "a", limits: (limits.isEmpty ? ["32/60s"] : limits).map { try! RateLimit($0) })
        return Bench(terms(rules, hold: second, timeout: second))
    }

    @Test func `is left alone for as long as it asks, and then gets one request at a time until one is answered`() {
        var bench = bench()
        let grants = bench.take(4)
        bench.refuse(grants[0], asked: 7 * second)
        #expect(bench.status.pausedFor == 7 * second && bench.status.standing == .refusing)
        bench.raw += 7 * second
        let probe = bench.take(5)
        #expect(probe.map(\.count) == [1])
        #expect(bench.count(5) == 0)
        bench.end(probe, answered: 1)
        #expect(bench.status.standing == .good)
    }

    @Test func `is left alone for an eighth of its window when it does not say, and twice as long each time a probe is refused`() {
        var bench = bench()
        bench.refuse(bench.take(1)[0])
        var expected = window / 8
        for _ in 1...6 {
            #expect(bench.status.pausedFor == expected)
            bench.raw += expected
            let probe = bench.take(1)[0]
            bench.refuse(probe)
            bench.end([probe])
            expected = min(2 * expected, 60 * second)
        }
        #expect(expected == 60 * second)
    }

    @Test func `is held to seven eighths of the limit, or to what went well before, if that is less, but no refusal takes more than half`()
    {
        var full = bench()
        full.refuse(full.take(32)[0])
        #expect(full.held == 28)
        var some = bench()
        some.refuse(some.take(21)[0])
        #expect(some.held == 20)
        var early = bench()
        early.refuse(early.take(2)[0])
        #expect(early.held == 16)
    }

    @Test func `gets its requests evenly afterwards`() {
        var bench = bench()
        bench.refuse(bench.take(32)[0], asked: second)
        bench.raw += 2 * window
        bench.end(bench.take(1), answered: 1)
        let interval = (window + window / 1_000 + 27) / 28
        for _ in 1...10 {
            #expect(bench.count(5) == 0)
            #expect(bench.status.nextRelease! > 0 && bench.status.nextRelease! <= interval)
            bench.raw += interval
            #expect(bench.count(5) == 1)
        }
    }

    @Test func `refusals of requests that were granted together count once, those of older ones only for the pause they ask for`() {
        var bench = bench()
        let old = bench.take(1)[0]
        let grants = (1...30).map { _ in bench.take(1)[0] }
        for grant in grants { bench.refuse(grant, asked: second) }
        #expect(bench.held == 28)
        bench.refuse(old, asked: 20 * second)
        #expect(bench.held == 28)
        #expect(bench.status.pausedFor == 20 * second)
        #expect(bench.state.inspect(bench.call, at: bench.raw).mirrors[0].counters.throttled == 31)
    }

    @Test func `a probe that is refused says that it is too early, not that the level is too high`() {
        var bench = bench()
        bench.refuse(bench.take(32)[0], asked: second)
        for _ in 1...4 {
            bench.raw += bench.status.pausedFor + 2 * window
            let probe = bench.take(1)[0]
            bench.refuse(probe, asked: second)
            bench.end([probe])
        }
        #expect(bench.held == 28)
    }

    @Test
    func `recovers by a thirty-second of the limit a window, stops below the level that was refused, and tries that after four windows`() {
        var bench = bench()
        bench.refuseAndAccept(bench.take(32)[0])
        #expect(bench.levels(windows: 8) == [28, 29, 30, 31, 31, 31, 31, 32])
        // Refused there again: twice as long, up to 64 windows.
        for patience in [8, 16, 32, 64, 64] {
            _ = bench.levels(windows: 1)
            bench.refuseAndAccept(bench.next())
            let levels = bench.levels(windows: patience + 4)
            #expect(levels.prefix(4) == [28, 29, 30, 31])
            #expect(levels.count { $0 == 31 } == patience)
            #expect(levels.last == 32)
        }
    }

    @Test func `a level above one that was refused once is reached ever faster`() {
        var bench = bench()
        bench.refuseAndAccept(bench.take(20)[0])
        #expect(bench.levels(windows: 4) == [19, 20, 21, 22])
        bench.refuseAndAccept(bench.next())
        #expect(bench.levels(windows: 12) == [20, 21, 22, 22, 22, 22, 23, 24, 25, 27, 31, 32])
    }

    @Test func `is no longer paced after 256 windows at the full limit`() {
        var bench = bench()
        bench.refuseAndAccept(bench.take(32)[0])
        bench.raw += 200 * window
        bench.end(bench.take(32), answered: 1)
        #expect(bench.held == 32)
        #expect(bench.count(32) == 0)
        bench.raw += 70 * window
        #expect(bench.count(32) == 32)
    }

    @Test func `only its first limit is lowered, and never raised above what was configured`() {
        var bench = bench("10/1s", "1000/1d")
        bench.refuseAndAccept(bench.take(10)[0])
        #expect(bench.held < 10)
        bench.raw += day
        #expect(bench.state.inspect(bench.call, at: bench.raw).mirrors[0].effectiveLimit == 10)
    }

    @Test func `without a limit it is left alone and probed`() {
        var bench = Bench(terms(mirror("a"), hold: second, timeout: second))
        bench.refuse(bench.take(50)[0])
        #expect(bench.status.pausedFor == second)
        bench.raw += second
        let probe = bench.take(50)
        #expect(probe.map(\.count) == [1])
        bench.end(probe, answered: 1)
        #expect(bench.count(50) == 50)
    }

    @Test func `of one second a window or a month, one request or ten million, nothing overflows and something always comes`() {
        for limit in ["1/1ms", "1/31d", "10000000/1ms", "10000000/31d"] {
            var bench = bench(limit)
            for _ in 1...40 {
                let grants = bench.take(1)
                if let grant = grants.first {
                    bench.refuse(grant, asked: day)
                    bench.end(grants)
                }
                bench.raw += bench.status.nextRelease ?? day
            }
            #expect(bench.held >= 1)
            bench.raw += 62 * day
            #expect(bench.count(1) == 1, "\(limit)")
        }
    }
}

extension Bench {
    /// What the first mirror's first limit is held to.
    var held: Int64 { state.inspect(call, at: raw).mirrors[0].effectiveLimit }

    /// The first mirror refuses a request.
    mutating func refuse(_ grant: Grant, asked: Int64? = nil) {
        _ = state.penalise(mirror: 0, grant: grant.number, asked: asked, call, at: raw)
    }

    /// The next slot, as soon as there is one.
    mutating func next() -> Grant {
        while true {
            let grants = take(1)
            if let grant = grants.first { return grant }
            raw += max(1, status.nextRelease ?? second)
        }
    }

    /// A refusal, and a probe that is answered after it; the first clean window begins.
    mutating func refuseAndAccept(_ grant: Grant) {
        refuse(grant, asked: 0)
        end([grant])
        end([next()], answered: 1)
    }

    /// What the limit is held to at the beginning of each of the next windows, with as many requests as may be, all answered.
    mutating func levels(windows: Int) -> [Int64] {
        let window = terms.mirrors[0].limits[0].guardedWindow
        return (0..<windows).map { _ in
            let level = held
            let end = raw + window
            while raw < end {
                self.end(take(1), answered: 1)
                raw = min(end, raw + max(1, status.nextRelease ?? second))
            }
            return level
        }
    }
}

import SluiceCoordination
import Testing

/// One ledger, and members that go and come back.
@Suite struct `A window that nobody has any more` {
    private let daily = terms(mirror("a", "1000/1d"))
    private let minutely = terms(mirror("a", "30/60s"))

    /// A member has used its day and is gone, and another has called since.
    private func departed(_ gone: LedgerTerms, leaving left: LedgerTerms) -> Bench {
        var bench = Bench(gone)
        bench.complete(bench.take(1_000))
        bench.terms = left
        for pause in [2 * second, 31 * second] {
            bench.raw += pause
            _ = bench.state.announce(bench.call, at: bench.raw)
        }
        return bench
    }

    private func windows(_ bench: Bench) -> [Int64] { bench.state.mirrors["a"]!.logs.keys.sorted() }

    @Test func `binds nobody, and is shown to nobody`() {
        var bench = departed(daily, leaving: minutely)
        let known = bench.state.announce(bench.call, at: bench.raw).reply.mirrors[0]
        #expect(known.entries.map(\.rules.words) == ["30/1m"])
        #expect(known.strictest == mirror("a", "30/60s"))
        #expect(known.memorial?.window == day)
        bench.raw += 30 * second
        // What was sent within the minute is over.
        #expect(bench.count(99) == 30)
        let seen = bench.state.inspect(bench.call, at: bench.raw).mirrors[0]
        #expect(seen.used == [30])
        #expect(seen.effectiveLimit == 30)
        #expect(seen.status.inUse == 30)
    }

    @Test func `counts what is sent in the meantime, and binds again with all of it when somebody has it again`() {
        var bench = departed(terms(mirror("a", "1050/1d")), leaving: minutely)
        bench.raw += 60 * second
        bench.complete(bench.take(30))
        bench.raw += 100 * second
        bench.terms = terms(mirror("a", "1050/1d"))
        #expect(bench.count(999) == 20, "1,000 before and 30 since")
        bench.raw += day + day / 1_000 - 200 * second
        #expect(bench.count(2_000) == 0, "the first are released late by up to 1/128 of the window")
        bench.raw += day / 100
        #expect(bench.count(2_000) == 1_050)
    }

    @Test func `is forgotten when nothing counts any more that was sent while somebody had it`() {
        var bench = departed(daily, leaving: minutely)
        #expect(windows(bench) == [60 * second, day])
        bench.raw += day + 60 * second
        _ = bench.count(1)
        #expect(windows(bench) == [60 * second, day])
        bench.raw += 60 * second
        bench.complete(bench.take(1))
        #expect(windows(bench) == [60 * second])
        #expect(bench.state.mirrors["a"]?.announced.memorial == nil)
    }

    @Test func `is remembered once, by the longest, and for as long as any of them needs`() throws {
        var bench = Bench(terms(mirror("a", "1000/2d")))
        bench.complete(bench.take(10))
        bench.terms = daily
        bench.raw += 31 * second
        _ = bench.count(0)
        let first = try #require(bench.state.mirrors["a"]?.announced.memorial)
        #expect(first.window == 2 * day)
        bench.raw += 47 * hour
        bench.complete(bench.take(600))
        bench.terms = minutely
        bench.raw += 31 * second
        _ = bench.count(0)
        let both = try #require(bench.state.mirrors["a"]?.announced.memorial)
        #expect(both.window == 2 * day)
        #expect(both.until > first.until + 22 * hour)
        #expect(windows(bench) == [60 * second, 2 * day])
        bench.raw += 10 * hour
        bench.terms = daily
        #expect(bench.count(999) == 400)
    }

    @Test func `is not remembered beside a longer one, nor beside its own`() {
        let short = departed(terms(mirror("a", "9/1s")), leaving: minutely)
        #expect(short.state.mirrors["a"]?.announced.memorial == nil)
        let same = departed(terms(mirror("a", "20/60s")), leaving: minutely)
        #expect(same.state.mirrors["a"]?.announced.memorial == nil)
        // Whoever pauses is back with what he had.
        var alone = Bench(daily)
        alone.complete(alone.take(700))
        alone.raw += hour
        #expect(alone.count(999) == 300)
        #expect(alone.state.mirrors["a"]?.announced.memorial == nil)
        #expect(alone.state.mirrors["a"]?.logs[day]?.records.first?.release == 1_700_000_000 * second + day + day / 1_000)
    }

    @Test func `is not remembered where four others are: a mirror's ledger would grow beyond its bound`() {
        let three = departed(daily, leaving: terms(mirror("a", "30/60s", "9/1s", "99/1h")))
        #expect(windows(three).last == day)
        let four = departed(daily, leaving: terms(mirror("a", "30/60s", "9/1s", "99/1h", "999/2h")))
        #expect(four.state.mirrors["a"]?.announced.memorial == nil)
        #expect(windows(four).last == 2 * hour)
    }

    @Test func `is remembered where there is no limit, and its log stays small whatever is sent`() throws {
        var bench = departed(daily, leaving: terms(mirror("a")))
        for _ in 0..<400 {
            bench.raw += day / 400
            let all = bench.take(1_000_000)
            #expect(all.reduce(0) { $0 + $1.count } == 1_000_000)
            // Another life's reports are counted as they come.
            var many = Runs<Int64>()
            many.append(0, count: 25_000_000)
            bench.settle([.init(mirror: 0, number: 1, incarnation: "elsewhere", remaining: 1, completed: many)])
            let entries = all.map { grant in
                var runs = Runs<Int64>()
                runs.append(0, count: Int(grant.count))
                return SettleRequest.Entry(
                    mirror: 0, number: grant.number, incarnation: "one", remaining: grant.count, completed: runs)
            }
            bench.settle(entries)
        }
        let log = try #require(bench.state.mirrors["a"]?.logs[day])
        #expect(log.records.count <= 130)
        #expect(log.records.count { $0.count == ReleaseLog.mostTogether } >= 128)
        #expect(log.sum < 1 << 32)
        bench.terms = daily
        #expect(bench.count(1) == 0)
    }

    @Test func `holds no newcomer back for longer than his own window`() {
        var bench = departed(daily, leaving: terms(mirror("a", concurrency: 5)))
        bench.complete(bench.take(5))
        bench.raw += second
        bench.terms = terms(mirror("a", "10/1s"))
        #expect(bench.count(99) == 0, "by a log as coarse as this all of it may have been sent just now")
        bench.raw += second + second / 1_000
        #expect(bench.count(99) == 5, "the cap of the other binds as well")
    }

    @Test func `whoever brings a bucket finds in it what the others' windows know`() {
        var bench = departed(daily, leaving: minutely)
        bench.raw += 30 * second
        bench.complete(bench.take(4))
        bench.terms = terms(mirror("a", "30/60s", burst: 5))
        #expect(bench.count(99) == 1, "four of five tokens are missing: a minute is all that matters to them")
    }

    @Test func `is remembered through a loss of data`() throws {
        var before = departed(daily, leaving: minutely)
        before.raw += 60 * second
        before.complete(before.take(3))
        let copy = try #require(before.state.copy(since: nil, before.call, at: before.raw).copy)
        let told = Recollection(incarnation: "one", copy: copy, copyTime: copy.time + 200 * second, own: [])
        #expect(Recollection(told.bytes) == told)
        var bench = Bench(minutely)
        bench.raw = before.raw + 200 * second
        bench.muster = second
        bench.candidate = "two"
        #expect(bench.count(1) == 0)
        _ = bench.state.contribute(
            told, of: node("n"), to: MusterNotice(number: 1, remaining: 0), in: "two", bench.call, at: bench.raw)
        bench.raw += second
        let request = Restoration(bench.state.gather(bench.call, at: bench.raw), terms: minutely).request()
        #expect(request.mirrors["a"]?.logs.mapValues(\.sum) == [day: 1_003])
        #expect(bench.state.restore(request, bench.call, at: bench.raw).reply.isDone)
        bench.raw += 10 * second
        bench.terms = terms(mirror("a", "1100/1d"))
        #expect(bench.count(999) == 0, "1,003 are known, and in the 200 s since up to 120 more may have been sent")
        bench.raw += hour
        #expect(bench.count(999) == 0)
        bench.terms = terms(mirror("a", "1130/1d"))
        bench.raw += 40 * second
        #expect(bench.count(999) == 7)
    }

    @Test func `whoever comes back within his window gets what it has left by then, whatever others had in the meantime`() {
        let all = [
            mirror("a", "30/60s"), mirror("a", "20/30s"), mirror("a", "100/10m"), mirror("a", "9/3s", "110/15m", burst: 6),
            mirror("a", concurrency: 8),
        ]
        var returns = 0
        for seed in 0..<60 as Range<UInt64> {
            var random = Seeded(seed)
            var bench = Bench(terms(all[0]))
            // When each member spoke first and last, and what was sent: a request counts at the mirror when it completes.
            var heard: [Int: (first: Int64, last: Int64)] = [:]
            var sent: [Int64] = []
            for _ in 0..<400 {
                bench.raw += random.chance(10) ? random.pick(0...200 * second) : random.pick(0...3 * second)
                let place = random.chance(70) ? Int(random.pick(0...1)) : Int(random.pick(0...4))
                bench.terms = terms(all[place])
                let given = bench.take(random.pick(0...6))
                for grant in given {
                    bench.complete([grant])
                    sent += Array(repeating: bench.raw, count: Int(grant.count))
                }
                let known = heard[place] ?? (bench.raw, bench.raw)
                for limit in all[place].limits where !given.isEmpty && bench.raw - known.last <= limit.window {
                    let recent = sent.count { bench.raw - $0 < limit.window && $0 >= known.first }
                    #expect(recent <= limit.count, "seed \(seed): \(recent) under \(limit)")
                    returns += bench.raw - known.last > Announcements.life ? 1 : 0
                }
                heard[place] = (known.first, bench.raw)
            }
        }
        #expect(returns > 100)
    }

    @Test func `is told by text, and read from it`() {
        let known = Announcements(of: "a", text: "0,0;30/60000000=17 86400000000@99")
        #expect(known.memorial?.window == day)
        #expect(known.memorial?.until == 99)
        #expect(known.strictest == mirror("a", "30/60s"))
        #expect(known.text == "0,0;30/60000000=17 86400000000@99")
        #expect(Announcements(of: "a", text: "0,0;30/60000000=17").memorial == nil)
        for garbage in ["@", "1@2", "x@7", "86400000000@", "86400000000@x", "86400000000@1@2", "86400000000@99999999999999999", "1@2=3"] {
            #expect(Announcements(of: "a", text: "0,0;30/60000000=17 " + garbage).text == "0,0;30/60000000=17", "\(garbage)")
        }
    }
}

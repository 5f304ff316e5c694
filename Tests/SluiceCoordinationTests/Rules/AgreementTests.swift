import SluiceCoordination
import Testing

/// One ledger and members that are configured differently.
@Suite(.computing) struct `Members of different configuration share one ledger` {
    private let lax = terms(mirror("a", "30/60s"))
    private let strict = terms(mirror("a", "10/60s"))

    @Test func `the strictest binds everybody, leader and direct node, as soon as one member has it`() {
        var bench = Bench(lax)
        bench.state.leader = node("lead")
        bench.state.epoch = 3
        #expect(bench.count(4) == 4)
        bench.terms = strict
        let (reply, messages) = bench.state.announce(bench.call, at: bench.raw)
        #expect(reply.mirrors[0].entries.map(\.rules.words) == ["30/1m", "10/1m"])
        #expect(messages == [.configurations(incarnation: "one")])
        bench.terms = lax
        let led = bench.reserve([.init(node: node("self"), wanted: 3)], by: node("lead"), epoch: 3)
        #expect(led.reply.grants[0].reduce(0) { $0 + $1.count } == 3)
        #expect(led.reply.mirrors[0].free == 3)
        #expect(bench.count(99) == 3)
        #expect(bench.count(99) == 0)
        #expect(bench.state.inspect(bench.call, at: bench.raw).mirrors[0].effectiveLimit == 10)
    }

    @Test func `a configuration that nobody has any more stops binding after half a minute, and not before`() {
        var bench = Bench(strict)
        #expect(bench.count(99) == 10)
        bench.terms = lax
        bench.raw += 29 * second
        #expect(bench.count(99) == 0)
        bench.raw += 2 * second
        let (reply, messages) = bench.state.announce(bench.call, at: bench.raw)
        #expect(reply.mirrors[0].entries.map(\.rules.words) == ["30/1m"])
        #expect(messages == [.configurations(incarnation: "one")])
        #expect(bench.count(99) == 20)
    }

    @Test func `one that is used goes on binding for as long as it is`() {
        var bench = Bench(strict)
        _ = bench.count(0)
        for _ in 0..<20 {
            bench.raw += 10 * second
            bench.terms = strict
            _ = bench.state.announce(bench.call, at: bench.raw)
            bench.terms = lax
            let given = bench.take(99)
            #expect(given.reduce(0) { $0 + $1.count } <= 10)
            bench.complete(given)
        }
    }

    @Test func `what was sent before counts under a window that a newcomer brings`() {
        var bench = Bench(lax)
        for _ in 0..<8 {
            bench.complete(bench.take(1))
            bench.raw += second / 10
        }
        bench.terms = terms(mirror("a", "3/1s"))
        #expect(bench.count(99) == 0, "eight were sent within the second")
        bench.raw += 900 * millisecond
        #expect(bench.count(99) == 2, "the last one is younger than a second")
        // And it is forgotten when the window is not asked for any more.
        bench.raw += 40 * second
        bench.terms = lax
        #expect(bench.count(99) > 3)
        #expect(bench.state.mirrors["a"]?.logs.keys.sorted() == [60 * second])
    }

    @Test func `what was sent before counts in a bucket that a newcomer brings, and in a slower one`() {
        var bench = Bench(lax)
        for _ in 0..<4 { bench.complete(bench.take(1)) }
        bench.terms = terms(mirror("a", "30/60s", burst: 5))
        #expect(bench.count(99) == 1, "four of five tokens are missing, and one comes back every two seconds")
        bench.terms = terms(mirror("a", "6/60s", burst: 5))
        _ = bench.state.announce(bench.call, at: bench.raw)
        bench.raw += 8 * second
        #expect(bench.count(99) == 0, "now one comes back every ten seconds")
    }

    @Test func `whatever members come and go, a member's own limits hold for what is granted while it is there`() {
        for seed in 0..<120 as Range<UInt64> {
            var random = Seeded(seed)
            var bench = Bench(lax)
            let all = [
                mirror("a", "30/60s"), mirror("a", "10/60s"), mirror("a", "7/5s"), mirror("a", "4/1s", "20/30s"),
                mirror("a", "2/700ms", "9/9s", "12/11s", "60/2m"),
            ]
            // When each member last spoke, and what was sent: a request counts at the mirror when it completes.
            var heard: [Int: Int64] = [:]
            var sent: [Int64] = []
            for _ in 0..<300 {
                bench.raw += random.pick(0...second)
                let place = Int(random.pick(0...Int64(all.count - 1)))
                bench.terms = terms(all[place])
                let given = bench.take(random.pick(0...3))
                heard[place] = bench.raw
                for grant in given {
                    bench.complete([grant])
                    sent += Array(repeating: bench.raw, count: Int(grant.count))
                }
                guard !given.isEmpty else { continue }
                for (member, at) in heard where bench.raw - at < 25 * second {
                    for limit in all[member].limits {
                        let recent = sent.count { bench.raw - $0 < limit.window }
                        #expect(recent <= limit.count, "seed \(seed): \(recent) under \(limit)")
                    }
                }
            }
            #expect(sent.count > 20)
        }
    }
}

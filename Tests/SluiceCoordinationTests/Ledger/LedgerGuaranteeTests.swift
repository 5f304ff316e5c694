import SluiceCoordination
import SluiceLoop
import Testing

@Suite(.computing, .timeLimit(.minutes(10))) struct `G1, never over` {
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `whatever happens to requests, reports and clocks, no mirror gets more than its limits allow`(part: UInt64) {
        var arrivals = 0
        for seed in part * 250..<(part + 1) * 250 {
            var traffic = Traffic(seed: seed)
            traffic.run()
            arrivals += traffic.judges.reduce(0) { $0 + $1.arrivals.count }
            for violation in traffic.violations() { Issue.record("seed \(seed): \(violation)") }
        }
        #expect(arrivals > 10_000)
    }
}

@Suite(.computing, .timeLimit(.minutes(10))) struct `G2, never idle` {
    @Test(arguments: ["30/6s", "1/1s", "1000/60s", "5000/10s", "100000/1h"])
    func `saturated at no latency, at least 99 % of what the limit allows is started`(text: String) {
        for staggered in [false, true] {
            var bench = Bench(terms(mirror("a", text)))
            let limit = bench.terms.mirrors[0].limits[0]
            if staggered {
                bench.complete(bench.take(1))
                bench.raw += limit.window * 5 / 6
            }
            let began = bench.raw
            var started: Int64 = 0
            while bench.raw - began < 20 * limit.window {
                let (reply, _) = bench.reserve([.init(node: node("self"), wanted: limit.count)])
                started += reply.grants[0].reduce(0) { $0 + $1.count }
                bench.complete(reply.grants[0])
                bench.raw += max(1, bench.reserve([]).reply.mirrors[0].nextRelease!)
            }
            // The first window's worth comes at once; after it a share of the limit for each span that passed.
            let ideal = Double(limit.count) * Double(bench.raw - began) / Double(limit.window)
            #expect(Double(started) >= 0.99 * ideal, "\(text): \(Double(started) / ideal)")
        }
    }
}

import SluiceCoordination
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The ledger stays small` {
    @Test func `a log has at most a thousand records, and forgets no slot before its time`() {
        for seed in 0..<40 as Range<UInt64> {
            var random = Seeded(seed)
            var log = ReleaseLog()
            var inserted: [Int64] = []
            for _ in 0..<2_500 {
                let release = random.pick(1...1_000_000)
                inserted.append(release)
                log.insert(release: release, count: 1)
            }
            #expect(log.records.count <= ReleaseLog.mostRecords)
            for now in stride(from: 0 as Int64, through: 1_000_000, by: 50_000) {
                log.purge(at: now)
                #expect(log.sum >= inserted.count { $0 > now }, "seed \(seed)")
                #expect(log.sum == log.records.reduce(0) { $0 + $1.count }, "seed \(seed)")
            }
        }
    }

    @Test(arguments: ["1000/1d", "1001/1d", "1000000/1d", "10000000/31d"])
    func `completions at any times fit into a thousand records exactly`(text: String) {
        var bench = Bench(terms(mirror("a", text)))
        let limit = bench.terms.mirrors[0].limits[0]
        for turn in 0..<1_500 {
            // With less than a quarter in use there would be fewer records.
            if limit.count > 10_000, turn % 900 == 0 { _ = bench.take(limit.count * 3 / 10) }
            bench.complete(bench.take(1))
            bench.raw += limit.window / 1_000
        }
        let log = bench.state.mirrors["a"]!.logs.values.first!
        let step: Int64 = limit.count > 1_000 ? 530 : 1_000
        #expect(log.records.count <= step)
        #expect(log.records.count > 450)
    }

    @Test func `a mirror with very many open grants gives no more until one is settled`() {
        var bench = Bench(terms(mirror("a", "1000000/1d")))
        var granted: [Grant] = []
        for _ in 0..<1_100 { granted += bench.take(1) }
        #expect(granted.count == OpenGrants.mostRecords)
        #expect(bench.reserve([]).reply.mirrors[0].nextRelease == nil)
        bench.complete([granted[0]])
        #expect(bench.count(7) == 7)
    }
}

import SluiceCoordination
import SluiceLoop
import Testing

@Suite(.computing) struct `When to come back` {
    private func at(_ microseconds: Int64) -> Instant { Instant(microseconds: 1_000_000_000 + microseconds) }

    private func forecast(_ bench: Bench, latency: Int64 = 0, since: Int64 = 0) -> Forecast {
        let copy = bench.state.copy(since: nil, bench.call, at: bench.raw).copy
        return Forecast(
            rules: bench.terms.mirrors, latencies: bench.terms.mirrors.map { _ in latency }, ledgers: copy?.mirrors ?? [:],
            time: copy?.time ?? 0, at: at(0), since: at(since))
    }

    @Test func `nothing is known: what is configured is free at once, and then comes back a window later`() {
        var forecast = Forecast(
            rules: [mirror("a", "10/2s"), mirror("b", "5/1s")], latencies: [0, 0], ledgers: [:], time: 0, at: at(0), since: at(0))
        #expect((1...15).allSatisfy { forecast.start(of: $0, now: at(0)) == at(0) })
        #expect(forecast.start(of: 16, now: at(0)) == at(1_001_000))
        #expect(forecast.start(of: 21, now: at(0)) == at(2_002_000))
        #expect(forecast.start(of: 0, now: at(0)) == at(0))
        // Far ahead its rate goes on: ten a second.
        let far = forecast.start(of: 100_000, now: at(0)).microseconds(since: at(0))
        #expect((9_900 * second...10_100 * second).contains(far))
    }

    @Test func `a ledger that is in use says when each slot comes back, whatever the rules are`() {
        for seed in 0..<60 as Range<UInt64> {
            var random = Seeded(seed)
            let all = [
                mirror("a", "10/2s"), mirror("a", "4/1s", "10/5s"), mirror("a", "20/4s", burst: 2), mirror("a", "50/2s", concurrency: 3),
                mirror("a", "2000/3s"),
            ]
            var bench = Bench(terms(all[Int(seed) % all.count]))
            let latency = random.pick(0...100) * millisecond
            // A queue that always takes everything, until the copy is made and on.
            var open: [(grant: Grant, until: Int64)] = []
            var starts: [Int64] = []
            let began = bench.raw
            var copied: (forecast: Forecast, at: Int64)?
            while bench.raw - began < 16 * second {
                for done in open where done.until <= bench.raw { bench.complete([done.grant]) }
                open.removeAll { $0.until <= bench.raw }
                for grant in bench.take(10_000) {
                    for _ in 0..<grant.count { starts.append(bench.raw - began) }
                    open.append((grant, bench.raw + latency))
                }
                if copied == nil, bench.raw - began > 6 * second { copied = (forecast(bench, latency: latency), bench.raw - began) }
                bench.raw += 2 * millisecond
            }
            guard let (played, at) = copied else { continue }
            var forecast = played
            let later = starts.filter { $0 > at }
            for place in [1, 5, later.count / 2, later.count * 9 / 10] where place > 0 {
                let had = later[place - 1] - at
                let told = forecast.start(of: place, now: self.at(0)).microseconds(since: self.at(0))
                #expect(abs(told - had) <= had / 10 + 30 * millisecond, "seed \(seed): place \(place) was told \(told), and had \(had)")
            }
        }
    }

    @Test func `what came free before anybody waited is still there, and what came free since is gone`() {
        let bench = Bench(terms(mirror("a", "10/2s")))
        var idle = forecast(bench, since: 5 * second)
        #expect(idle.start(of: 10, now: at(5 * second)) == at(5 * second))
        #expect(idle.start(of: 11, now: at(5 * second)) == at(7 * second + 2 * millisecond))
        var busy = forecast(bench)
        #expect(busy.start(of: 1, now: at(second)) == at(2 * second + 2 * millisecond))
    }

    @Test func `a share is measured only over a wait without a pause`() {
        var gauge = ShareGauge()
        gauge.note(own: 0, pool: 0)
        gauge.note(own: 5, pool: 10)
        #expect(gauge.share == nil, "too few")
        gauge.note(own: 10, pool: 40)
        #expect(gauge.share == 0.25)
        gauge.reset()
        #expect(gauge.share == nil)
        gauge.note(own: 10, pool: 100)
        gauge.note(own: 12, pool: 3)
        #expect(gauge.share == nil, "the ledger was restored")
        gauge.note(own: 10, pool: 30)
        gauge.note(own: 10, pool: 90)
        #expect(gauge.share == nil, "nothing came, so nothing is known")
    }
}

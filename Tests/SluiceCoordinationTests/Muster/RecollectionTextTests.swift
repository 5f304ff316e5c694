import Testing

@testable import SluiceCoordination

@Suite(.computing) struct `A recollection as text` {
    private func sample(_ random: inout Seeded) -> Recollection {
        let rules = terms(mirror("a", "30/6s", "1000/1d"), mirror("b", "7/333ms", concurrency: 3))
        var bench = Bench(rules)
        var own: [Recollection.Own] = []
        for _ in 0..<random.pick(0...20) {
            bench.raw += random.pick(0...second)
            for grant in bench.take(random.pick(1...5)) {
                let done = random.pick(0...grant.count)
                let ages = (0..<done).map { _ in random.pick(0...second) }
                _ = bench.settle([bench.entry(grant, completed: ages)])
                own.append(
                    .init(
                        number: grant.number, mirror: rules.mirrors[grant.mirror].name, count: grant.count,
                        remaining: random.pick(-second...second),
                        settled: Runs(ages.map { random.chance(30) ? nil : $0 / second * second }), doubtful: random.pick(0...2)))
            }
        }
        let copy = random.chance(80) ? bench.state.copy(since: nil, bench.call, at: bench.raw).copy : nil
        return Recollection(incarnation: "one", copy: copy, copyTime: random.pick(0...hour), own: own)
    }

    @Test func `is read as it was written`() {
        var random = Seeded(1)
        for _ in 0..<300 {
            let told = sample(&random)
            #expect(Recollection(told.bytes) == told)
        }
    }

    @Test func `garbled bytes are read or refused, and whatever is read can be gathered`() {
        var random = Seeded(2)
        let rules = terms(mirror("a", "30/6s", "1000/1d"), mirror("b", "7/333ms", concurrency: 3))
        var read = 0
        for _ in 0..<4_000 {
            var bytes = sample(&random).bytes
            for _ in 0..<random.pick(1...4) {
                let place = Int(random.pick(0...Int64(bytes.count - 1)))
                switch random.pick(0...3) {
                case 0: bytes[place] = UInt8(random.pick(0...255))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8(ascii: "0") + UInt8(random.pick(0...9)), at: place)
                default: bytes[place] = UInt8(ascii: "9")
                }
                if bytes.isEmpty { break }
            }
            guard let recollection = Recollection(bytes) else { continue }
            read += 1
            let now = 1_700_000_000 * second
            let gathered = GatherReply(
                stamp: LedgerStamp(
                    time: now, frame: 0, incarnation: "two", muster: MusterNotice(number: 1, remaining: 0)),
                left: nil, start: now, lost: ["one"],
                memories: [.init(tag: "selfaaaa", now: now, latest: now, recollection: recollection)], count: 1)
            _ = Restoration(gathered, terms: rules).request()
        }
        #expect(read > 100)
    }
}

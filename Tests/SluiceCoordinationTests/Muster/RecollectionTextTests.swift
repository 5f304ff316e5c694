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
        let now = 1_700_000_000 * second
        var read = 0
        for _ in 0..<4_000 {
            // The last of it stays what it is: else hardly any could be read.
            let told = sample(&random)
            let bytes = random.chance(50) ? garbled(told.bytes, &random) : told.bytes
            let times = garbled(Array("\(now) \(now) ".utf8), &random)
            guard let memory = GatherReply.Memory(tag: "selfaaaa", times + bytes) else { continue }
            read += 1
            let left = random.chance(50) ? told.copy.flatMap { garbled($0, &random) } : nil
            let time = random.chance(50) ? now : random.pick(-(1 << 53)...1 << 53)
            let gathered = GatherReply(
                stamp: LedgerStamp(time: time, frame: 0, incarnation: "two", muster: MusterNotice(number: 1, remaining: 0)),
                left: left, start: time, lost: ["one"], memories: [memory], count: 1)
            _ = Restoration(gathered, terms: rules).request()
        }
        #expect(read > 1_000)
        let sound = Recollection(incarnation: "one", copy: nil, copyTime: 0, own: []).bytes
        #expect(GatherReply.Memory(tag: "selfaaaa", Array("\(now) \(now) ".utf8) + sound) != nil)
        for time in ["\(Int64.max)", "\(Int64.min)", "x", ""] {
            #expect(GatherReply.Memory(tag: "selfaaaa", Array("\(time) \(now) ".utf8) + sound) == nil)
            #expect(GatherReply.Memory(tag: "selfaaaa", Array("\(now) \(time) ".utf8) + sound) == nil)
        }
    }

    /// Some bytes are others, some are missing, some are more.
    private func garbled(_ told: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = told
        for _ in 0..<random.pick(0...4) where !bytes.isEmpty {
            let place = Int(random.pick(0...Int64(bytes.count - 1)))
            switch random.pick(0...3) {
            case 0: bytes[place] = UInt8(random.pick(0...255))
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(UInt8(ascii: "0") + UInt8(random.pick(0...9)), at: place)
            default: bytes[place] = UInt8(ascii: "9")
            }
        }
        return bytes
    }

    /// What a server still has, as it is read from fields that somebody has garbled; nil when they are refused.
    private func garbled(_ copy: LedgerCopy, _ random: inout Seeded) -> LedgerCopy? {
        var copy = copy
        for (name, ledger) in copy.mirrors {
            let windows = ledger.logs.keys.sorted()
            var fields = MirrorFields(ledger, windows: windows)
            fields.state = garbled(fields.state, &random)
            fields.rules = garbled(fields.rules, &random)
            fields.conduct = garbled(fields.conduct, &random)
            let place = Int(random.pick(0...Int64(windows.count)))
            if place < windows.count {
                for at in fields.logs[place].indices where random.chance(5) { fields.logs[place][at] = UInt8(random.pick(0...255)) }
            } else {
                for at in fields.open.indices where random.chance(5) { fields.open[at] = UInt8(random.pick(0...255)) }
            }
            guard let read = fields.ledger(of: name, windows: windows) else { return nil }
            copy.mirrors[name] = read
        }
        return copy
    }
}

import SluiceCoordination
import SluiceHarness
import SluiceLoop
import Testing

/// A pool under a short limit: two that send whatever they get, at once, and are restarted now and then, and one that merely knows the
/// time. Redis' clock is set again and again.
private struct Unrest {
    private static let senders = ["one", "two"]
    private static let knower = "old"

    private var random: Seeded
    private var bench: Bench
    private var local: Int64 = 50 * second
    private var clocks: [String: LedgerClock] = [:]
    private var unreported: [String: [(grant: Grant, sentAt: Int64)]] = [:]
    private var sent: [Int64] = []
    private(set) var steps = 0
    /// The most by which a request was sent before the window allowed it.
    private(set) var earliest: Int64 = 0
    private(set) var requests = 0

    init(seed: UInt64) {
        random = Seeded(seed)
        bench = Bench(terms(mirror("a", "4/2s"), hold: 2 * second, timeout: 5 * second))
        announce(Self.knower)
        bench.muster = second
        bench.state.listeners = Set((Self.senders + [Self.knower]).map(node))
    }

    /// - Parameter quiet: for how long the one that knows does not call when nobody asks it.
    mutating func run(rounds: Int, quiet: Int64) {
        var due = local + quiet
        for _ in 0..<rounds {
            let pause = random.chance(60) ? random.pick(100...20_000) : random.pick(1_000...400_000)
            pass(min(pause, max(100, due - local)))
            if random.chance(10) { step() }
            if random.chance(3) { clocks[Self.senders.randomElement(using: &random)!] = nil }
            if local >= due {
                announce(Self.knower)
                due = local + quiet
            } else if send(Self.senders.randomElement(using: &random)!) {
                due = min(due, local + random.pick(200...5_000))
            }
        }
    }

    private mutating func pass(_ span: Int64) {
        bench.raw += span
        local += span
    }

    private mutating func step() {
        bench.raw += random.chance(60) ? random.pick(5_000...900_000) : random.pick(second...hour)
        steps += 1
    }

    /// One call, which takes 100 µs each way.
    private mutating func call<Reply>(_ name: String, stamp: KeyPath<Reply, LedgerStamp>, _ body: (inout Bench) -> Reply) -> Reply {
        bench.member = node(name)
        bench.knowledge = clocks[name]?.knowledge(at: Instant(microseconds: local))
        let left = Instant(microseconds: local)
        pass(100)
        let reply = body(&bench)
        pass(100)
        let isProof = clocks[name, default: LedgerClock()].heard(
            reply[keyPath: stamp], sent: left, received: Instant(microseconds: local))
        if isProof { announce(name) }
        return reply
    }

    private mutating func announce(_ name: String) {
        _ = call(name, stamp: \AnnounceReply.stamp) { bench in bench.state.announce(bench.call, at: bench.raw).reply }
    }

    /// Asks for all there is, uses it, and reports it.
    /// - Returns: whether those who know the time are to announce themselves.
    private mutating func send(_ name: String) -> Bool {
        var asks = false
        let reply = call(name, stamp: \ReserveReply.stamp) { bench in
            let (reply, messages) = bench.reserve([.init(node: node(name), wanted: 4)], by: node(name))
            asks = messages.contains { if case .configurations = $0 { true } else { false } }
            return reply
        }
        for grant in reply.grants[0] {
            for _ in 0..<grant.count { use() }
            unreported[name, default: []].append((grant, local))
        }
        guard let reports = unreported[name], !reports.isEmpty else { return asks }
        let leaves = local
        let settled = call(name, stamp: \SettleReply.stamp) { bench in
            let entries = reports.map { report in
                bench.entry(report.grant, completed: [Int64](repeating: leaves - report.sentAt, count: Int(report.grant.count)))
            }
            return bench.settle(entries, by: node(name)).reply
        }
        // What is reported in doubt is reported again.
        if !settled.stamp.isInDoubt { unreported[name] = [] }
        return asks
    }

    private mutating func use() {
        sent.append(local)
        requests += 1
        if sent.count > 4 { earliest = max(earliest, 2 * second - (local - sent[sent.count - 5])) }
    }
}

@Suite(.computing, .timeLimit(.minutes(10))) struct `A clock that is set forward again and again` {
    @Test(arguments: [300 * millisecond, 1_100 * millisecond]) func `frees nothing early`(quiet: Int64) {
        var steps = 0
        for seed in 0..<200 as Range<UInt64> {
            var pool = Unrest(seed: seed)
            pool.run(rounds: 700, quiet: quiet)
            #expect(pool.earliest <= 5 * millisecond, "seed \(seed)")
            steps += pool.steps
            // Some 100 s of time, in which one can send 200.
            #expect(pool.requests >= 50, "seed \(seed)")
        }
        #expect(steps > 10_000)
    }
}

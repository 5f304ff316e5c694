import SluiceCoordination
import SluiceLoop

/// A mirror that counts arrivals by true time.
struct Judge {
    let rules: MirrorRules
    var arrivals: [Int64] = []
    var spans: [(from: Int64, to: Int64)] = []

    /// What was broken; empty when nothing was.
    func violations() -> [String] {
        let times = arrivals.sorted()
        var found: [String] = []
        for limit in rules.limits {
            let n = Int(limit.count)
            for last in times.indices.dropFirst(n) where times[last] - times[last - n] <= limit.window {
                found.append("\(rules.name): \(n + 1) arrivals within \(times[last] - times[last - n]) µs, limit \(limit)")
                break
            }
        }
        if let burst = rules.burst {
            for limit in rules.limits {
                // A bucket of this capacity that loses one token's worth per window/count, in units of 1/count µs.
                var level: Int64 = 0
                var before = times.first ?? 0
                for time in times {
                    level = max(0, level - (time - before) * limit.count) + limit.window
                    before = time
                    if level > burst * limit.window {
                        found.append("\(rules.name): a burst above \(burst) at \(time), limit \(limit)")
                        break
                    }
                }
            }
        }
        if let cap = rules.concurrency {
            let edges = (spans.map { ($0.from, 1) } + spans.map { ($0.to, -1) }).sorted { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }
            var running = 0
            for edge in edges {
                running += edge.1
                if running > cap {
                    found.append("\(rules.name): \(running) requests at once, cap \(cap)")
                    break
                }
            }
        }
        return found
    }
}

/// Nodes that reserve, send, complete, report, repeat themselves, give slots back and die, against one ledger, in
/// virtual time. Every clock runs at a rate of its own, and the ledger host's is stepped.
struct Traffic {
    private struct Member {
        let id: NodeID
        /// Parts per million by which its clock is fast.
        let rate: Int64
        var clock = LedgerClock()
        /// Reports that have not been made: when to, and what.
        var due: [(at: Int64, entry: SettleRequest.Entry, completions: [Int64])] = []
        var reported: [(entry: SettleRequest.Entry, completions: [Int64])] = []
    }

    private var random: Seeded
    private var state = LedgerState()
    private let terms: LedgerTerms
    private var members: [Member]
    private let hostRate: Int64
    private var hostStep: Int64 = 0
    private var now: Int64 = 100 * second
    /// µs until the ledger has something free again, by its latest answer.
    private var soonest: Int64 = 0
    private let slowest: Int64
    private(set) var judges: [Judge]

    init(seed: UInt64) {
        var random = Seeded(seed)
        let windows = [200 * millisecond, second, 6 * second, 60 * second]
        let mirrors = (0..<random.pick(1...3)).map { place in
            let limits = (0..<random.pick(1...2)).map { _ in
                let count = random.chance(5) ? random.pick(1_001...1_200) : random.pick(1...40)
                return try! RateLimit(count: count, window: windows[Int(random.pick(0...3))])
            }
            return try! MirrorRules(
                name: "m\(place)", limits: limits, burst: random.chance(30) ? random.pick(1...6) : nil,
                concurrency: random.chance(30) ? random.pick(1...6) : nil)
        }
        let timeout = random.pick(100 * millisecond...5 * second)
        terms = try! LedgerTerms(mirrors: mirrors, hold: random.pick(10 * millisecond...2 * second), requestTimeout: timeout)
        slowest = random.chance(20) ? 0 : random.pick(0...timeout)
        hostRate = random.pick(-400...400)
        members = (0..<random.pick(1...4)).map { Member(id: node("n\($0)"), rate: random.pick(-400...400)) }
        judges = mirrors.map { Judge(rules: $0) }
        self.random = random
    }

    mutating func run() {
        for place in members.indices { reserve(place, wanted: 0) }
        for _ in 0..<random.pick(50...250) {
            // Often the very moment of a release, where a rule that errs early shows.
            now +=
                soonest > 0 && random.chance(40)
                ? soonest : random.chance(60) ? random.pick(0...20 * millisecond) : random.pick(0...2 * second)
            if random.chance(2) { hostStep += random.pick(-hour...hour) }
            let place = Int(random.pick(0...Int64(members.count - 1)))
            if random.chance(60) { reserve(place, wanted: random.pick(1...30)) }
            for place in members.indices { report(place) }
            if random.chance(3) {
                let mirror = Int(random.pick(0...Int64(terms.mirrors.count - 1)))
                let asked = random.chance(50) ? random.pick(0...second) : nil
                let call = call(place, sent: now)
                // Of the latest grant, or of one from before.
                let grant = max(0, state.meta!.nextNumber - random.pick(1...5))
                let (reply, _) = state.penalise(mirror: mirror, grant: grant, asked: asked, call, at: raw)
                hear(place, reply.stamp, sent: now)
            }
        }
    }

    func violations() -> [String] {
        var found = judges.flatMap { $0.violations() }
        for (rules, mirror) in zip(terms.mirrors, state.inspect(call(0, sent: now), at: raw).mirrors) {
            for (limit, used) in zip(rules.limits, mirror.used) where used > limit.count {
                found.append("\(rules.name): \(used) in use, limit \(limit)")
            }
        }
        return found
    }

    // MARK: Clocks

    private var raw: Int64 { 1_700_000_000 * second + now + now * hostRate / 1_000_000 + hostStep }

    private func local(_ place: Int, _ time: Int64) -> Instant {
        Instant(microseconds: time + time * members[place].rate / 1_000_000)
    }

    /// A true span in which a node's clock shows `span`.
    private func span(_ place: Int, _ span: Int64) -> Int64 { span - span * members[place].rate / 1_000_000 }

    private func call(_ place: Int, sent: Int64) -> LedgerCall {
        LedgerCall(terms: terms, knowledge: members[place].clock.knowledge(at: local(place, sent)), candidate: "one", muster: 0)
    }

    private mutating func hear(_ place: Int, _ stamp: LedgerStamp, sent: Int64) {
        members[place].clock.heard(stamp, sent: local(place, sent), received: local(place, now + random.pick(0...50 * millisecond)))
    }

    // MARK: Nodes

    private mutating func reserve(_ place: Int, wanted: Int64) {
        let sent = now - random.pick(0...5 * millisecond)
        let request = ReserveRequest(caller: members[place].id, demands: [.init(node: members[place].id, wanted: wanted)])
        let (reply, _) = state.reserve(request, call(place, sent: sent), at: raw)
        hear(place, reply.stamp, sent: sent)
        soonest = reply.mirrors.compactMap(\.nextRelease).min() ?? 0
        let sendBy = sent + span(place, terms.hold)
        for grant in reply.grants[0] { use(grant, of: place, sendBy: sendBy, incarnation: reply.stamp.incarnation) }
    }

    /// Decides now what will become of a grant's slots, tells the judge, and plans the reports.
    private mutating func use(_ grant: Grant, of place: Int, sendBy: Int64, incarnation: String) {
        let dies = random.chance(10)
        var remaining = grant.count
        while remaining > 0 {
            let share = random.pick(1...remaining)
            var completions: [Int64] = []
            var unsent: Int64 = 0
            for _ in 0..<share {
                guard sendBy > now, !random.chance(10) else {
                    unsent += 1
                    continue
                }
                let send = random.chance(50) ? now : random.chance(30) ? sendBy : random.pick(now...sendBy)
                let completion = send + (slowest == 0 ? 0 : random.pick(0...span(place, slowest)))
                judges[grant.mirror].arrivals.append(random.chance(30) ? send : random.pick(send...completion))
                judges[grant.mirror].spans.append((send, completion))
                completions.append(completion)
            }
            let entry = SettleRequest.Entry(
                mirror: grant.mirror, number: grant.number, incarnation: incarnation, remaining: remaining, unsent: unsent,
                answered: random.pick(0...share), failed: random.chance(10) ? random.pick(0...share) : 0,
                unreached: random.chance(10) ? random.pick(0...share) : 0,
                latency: random.chance(50) ? random.pick(0...second) : nil)
            let over = max(now, completions.max() ?? now)
            if !dies { members[place].due.append((over + (random.chance(70) ? 0 : random.pick(0...10 * second)), entry, completions)) }
            remaining -= share
        }
    }

    private mutating func report(_ place: Int) {
        // What is due goes in the order in which it was planned: an entry never overtakes an earlier one of its grant.
        var blocked: Set<Int64> = []
        var sending: [(entry: SettleRequest.Entry, completions: [Int64])] = []
        members[place].due.removeAll { item in
            guard item.at <= now, !blocked.contains(item.entry.number) else {
                blocked.insert(item.entry.number)
                return false
            }
            sending.append((item.entry, item.completions))
            return true
        }
        if random.chance(20), let again = members[place].reported.randomElement(using: &random) { sending.insert(again, at: 0) }
        guard !sending.isEmpty else { return }
        let sent = max(now - random.pick(0...5 * millisecond), sending.flatMap(\.completions).max() ?? 0)
        let entries = sending.map { item in
            var entry = item.entry
            entry.completed = Runs(item.completions.map { local(place, sent).microseconds(since: local(place, $0)) })
            return entry
        }
        let request = SettleRequest(node: members[place].id, entries: entries)
        let (reply, _) = state.settle(request, call(place, sent: sent), at: raw)
        hear(place, reply.stamp, sent: sent)
        soonest = reply.mirrors.compactMap(\.nextRelease).min() ?? 0
        members[place].reported += sending
    }
}

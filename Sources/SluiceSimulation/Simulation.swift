import SluiceCoordination
import SluiceLoop
import SluiceRandom

/// One run of the product's decisions in virtual time, checked after every event.
///
/// Checked: no mirror receives more than its limits allow in any window (G1), no slot is used twice or by another node than the one
/// it was granted to, every call ends by its deadline (G5), and epochs, of which each has one leader, only grow within one life of the
/// data. At the end of a saturated run without faults: nearly all that the limits allow was used (G2). The same scenario gives the same
/// run, event for event.
package final class Simulation {
    let scenario: Scenario
    let timeline = Timeline()
    let redis: SimulatedRedis
    let mirrors: [SimulatedMirror]
    private(set) var nodes: [SimulatedNode] = []
    var random: SeededGenerator
    let isWithoutMemory: Bool
    private var outcome = Outcome()
    /// What is used at least of what the limits allow where more is wanted all the time and nothing goes wrong.
    private static let leastUtilisation = 0.99
    /// What mirrors have of each key: versions count up.
    var origin: [Int: Int64] = [:]
    var needs = NeedAudit()
    /// When Redis' clock was last set.
    private(set) var clockSetAt: Int64 = .min
    private let keepsTrace: Bool
    /// What processes are configured with: first the laxest, then each of the others.
    private let configurations: [[MirrorRules]]
    /// Who of each configuration is there, as far as Redis has heard in this life of its data.
    var members: [Int: Set<NodeID>] = [:]
    private var book = SlotAudit()
    private var epochs = EpochAudit()
    private var amnesia = Amnesia()
    /// Breaches of limits; at the end it is known which of them are excused.
    private var breaches: [(at: Int64, mirror: SimulatedMirror, what: String, of: [SimulatedMirror.Breach])] = []
    /// Whose command Redis carries out.
    weak var caller: SimulatedNode?

    /// - Parameter keepsTrace: whether the outcome tells what happened, line by line.
    package init(_ scenario: Scenario, keepsTrace: Bool = false) {
        self.scenario = scenario
        self.keepsTrace = keepsTrace
        random = SeededGenerator(seed: scenario.seed ^ 0x5143_4543)
        isWithoutMemory = scenario.weaknesses.contains(where: \.isWithoutMemory)
        redis = SimulatedRedis(scenario, skew: random.pick(-scenario.skew...scenario.skew))
        mirrors = scenario.mirrors.enumerated().map { place, rules in
            SimulatedMirror(
                rules, upstream: scenario.upstreams.indices.contains(place) ? scenario.upstreams[place] : .log,
                manner: scenario.manners.indices.contains(place) ? scenario.manners[place] : MirrorManner())
        }
        var known = scenario.mirrors
        if scenario.weaknesses.contains(.noBurst) {
            known = known.map { try! MirrorRules(name: $0.name, limits: $0.limits, concurrency: $0.concurrency) }
        }
        configurations = [known] + scenario.configurations
        outcome.shares = Array(repeating: 0, count: scenario.nodes)
    }

    /// What a node tells of its configuration with every command: the truth, unless it is silenced.
    func told(_ own: LedgerTerms) -> LedgerTerms { has(.noAnnouncement) ? Self.terms(configurations[0], timeout: own.requestTimeout) : own }

    private static func terms(_ mirrors: [MirrorRules], timeout: Int64) -> LedgerTerms {
        // Bounds are kept by the scenarios.
        try! LedgerTerms(mirrors: mirrors, hold: 2_000_000, requestTimeout: timeout)
    }

    /// Runs it to its end.
    package func run() -> Outcome {
        redis.publish = { [unowned self] message in
            switch message {
            case .grant(let id, let grant): nodes.first { $0.id == id }?.deliver(.granted(grant))
            case .freed: for node in nodes where node.hearsDemands { node.deliver(.freed) }
            case .muster(let incarnation, let number):
                for node in nodes { node.deliver(.beat(.muster(incarnation: incarnation, number: number))) }
            case .configurations(let incarnation):
                for node in nodes { node.deliver(.beat(.configurations(incarnation: incarnation))) }
            }
        }
        redis.publishBeat = { [unowned self] beat in for node in nodes { node.deliver(.beat(beat)) } }
        redis.listeners = { [unowned self] in Set(nodes.filter(\.isSubscribed).map(\.id)) }
        redis.publishInvalidation = { [unowned self] key, floor in
            trace { "Redis says that key \(key) is not what it was" }
            for node in nodes { node.deliverInvalidation(of: key, floor: floor) }
        }
        redis.changed = { [unowned self] in
            amnesia.changed(by: caller?.metAt, at: timeline.now)
            if let caller, caller.isAlive, !caller.isLeaving { memberHeard(caller) }
        }
        redis.substitute?.hostClock = { [unowned self] id in timeline.now + (nodes.first { $0.id == id }?.clockError ?? 0) }
        for place in 0..<scenario.nodes { timeline.plan(at: random.pick(0...200_000)) { [self] in startNode(place) } }
        for (at, fault) in scenario.faults { timeline.plan(at: at) { [self] in happen(fault) } }
        for (at, key) in scenario.changes { timeline.plan(at: at) { [self] in change(key) } }
        // Nobody calls after `length`: everything under way must come to its end.
        let end = scenario.length + scenario.deadline.upperBound + 12_000_000
        for second in 1...end / 1_000_000 { timeline.plan(at: second * 1_000_000) { [self] in lookForOverdueCalls() } }
        timeline.run(until: end)
        lookForOverdueCalls()
        return summary()
    }

    // MARK: What happens

    func arrive(_ slot: Slot, _ node: SimulatedNode) {
        let mirror = mirrors[slot.mirror]
        let broken = mirror.arrive(at: timeline.now, grantedAt: book.time(of: slot.grant, to: node.id))
        trace { "\(node) reaches \(mirror.rules.name)" }
        guard let broken else { return }
        let what = "\(broken.what), the last from \(node)"
        trace { "OVER: \(what)" }
        breaches.append((timeline.now, mirror, what, broken.breaches))
    }

    func publish(_ message: DemandMessage) {
        trace { "demand of \(message.node.text): \(message.wanted) wait" }
        for node in nodes where node.hearsDemands && node.id != message.node { node.deliver(.demanded(message)) }
    }

    func has(_ weakness: Scenario.Weakness) -> Bool { scenario.weaknesses.contains(weakness) }

    private func startNode(_ place: Int) {
        let id = NodeID(host: "sim\(place)", process: Int32(place), random: &random)
        var options = CoordinatorOptions()
        options.timings.lease = 1_000_000
        if has(.noRepetition) { (options.repetition, options.patience) = (3_600_000_000, 3_600_000_000) }
        let node = SimulatedNode(
            id: id, place: place, run: self, options: options,
            terms: Self.terms(configurations[scenario.configuration(of: place).map { $0 + 1 } ?? 0], timeout: scenario.timeout(of: place)))
        nodes.append(node)
        trace { "\(node) starts: \(id.text)" }
        node.start()
        node.reconnected()
    }

    private func node(_ whom: Scenario.Whom) -> SimulatedNode? {
        switch whom {
        case .place(let place): nodes.last { $0.place == place && $0.isAlive }
        case .leader: nodes.last { $0.id == redis.data.ledger.leader && $0.isAlive } ?? node(.place(0))
        }
    }

    private func happen(_ fault: Scenario.Fault) {
        trace { "FAULT \(fault)" }
        switch fault {
        case .crash(let whom, let after):
            guard let node = node(whom) else { return }
            trace { "\(node) dies" }
            node.crash()
            timeline.plan(after: after) { [self] in startNode(node.place) }
        case .leave(let whom, let after):
            guard let node = node(whom), !node.isLeaving else { return }
            trace { "\(node) leaves" }
            node.whenAwake { node.leave() }
            timeline.plan(after: max(after, 6_000_000)) { [self] in
                guard node.isAlive else { return }
                node.crash()
                startNode(node.place)
            }
        case .freeze(let whom, let span):
            guard let node = node(whom) else { return }
            trace { "\(node) stands still" }
            node.freeze(for: span)
        case .partition(let whom, let way, let span):
            guard let node = node(whom) else { return }
            trace { "\(node) is cut off" }
            node.cut(way, for: span)
        case .redisDown(let span):
            nodes.forEach { $0.fallsSilent() }
            nodes.forEach { $0.hearingEnded() }
            redis.setUp(false)
            timeline.plan(after: span) { [self] in
                redis.setUp(true)
                nodes.forEach { $0.loseConnection() }
            }
        case .dataLoss:
            redis.loseData(now: timeline.now)
            amnesia.dataLost(at: timeline.now)
            membersForgotten()
            nodes.forEach { $0.loseConnection() }
        case .rollback(let age):
            redis.rollBack(by: age, now: timeline.now)
            // Data that is rolled back says itself that it was on another server, unless there is none.
            if redis.data.ledger.meta == nil { amnesia.dataLost(at: timeline.now) }
            nodes.forEach { $0.loseConnection() }
            forgetPurges()
            membersForgotten()
        case .clockStep(let span):
            redis.clockOffset += span
            clockSetAt = timeline.now
            amnesia.clockSet(by: span, at: timeline.now)
        case .mirrorDead(let mirror, let span):
            mirrors[mirror].isDead = true
            timeline.plan(after: span) { [self] in mirrors[mirror].isDead = false }
        case .mirrorOdd(let mirror, let manner, let span):
            let before = mirrors[mirror].manner
            mirrors[mirror].manner = manner
            timeline.plan(after: span) { [self] in mirrors[mirror].manner = before }
        }
    }

    // MARK: Checks

    /// The ledger answered a reserve.
    func recorded(_ request: ReserveRequest, _ reply: ReserveReply) {
        if let epoch = request.epoch, reply.outcome == .granted,
            let problem = epochs.reserved(by: request.caller, epoch: epoch, life: redis.life)
        {
            broke(problem)
        }
        for (demand, grants) in zip(request.demands, reply.grants) {
            for grant in grants { book.granted(grant, to: demand.node, at: timeline.now) }
            if !grants.isEmpty {
                for (doubt, due) in amnesia.granted(at: timeline.now) { timeline.plan(at: due) { [self] in decide(doubt) } }
                trace {
                    let slots = grants.map { "\(self.mirrors[$0.mirror].rules.name)×\($0.count) #\($0.number)" }.joined(separator: " ")
                    return "ledger grants \(demand.node.text): \(slots)"
                }
            }
        }
    }

    private func decide(_ doubt: Amnesia.Doubt) {
        let known = amnesia.instants.count
        amnesia.decide(doubt, witnesses: nodes.compactMap(\.testimony))
        if amnesia.instants.count > known { trace { "AMNESIA: nobody was left who knew what was before \(Self.seconds(doubt.since))" } }
    }

    /// A node uses a slot.
    func spend(_ slot: Slot, of node: SimulatedNode) {
        if let problem = book.spent(slot.grant, of: node.id) { broke("\(node) \(problem)") }
    }

    /// A caller at a place got its slot.
    func served(_ place: Int) {
        outcome.served += 1
        if timeline.now >= scenario.sharesFrom, timeline.now <= scenario.length { outcome.shares[place] += 1 }
    }

    func refused() { outcome.refused += 1 }

    /// A caller's wait ended.
    func waited(_ span: Int64, _ node: SimulatedNode) {
        outcome.longestWait = max(outcome.longestWait, span)
        if span > scenario.longestWait { broke("a caller on \(node) waited for \(span / 1_000) ms") }
    }

    func broke(_ what: String) {
        trace { "BROKEN: \(what)" }
        note(what, at: timeline.now)
    }

    private func note(_ what: String, at instant: Int64) { outcome.broken.append("at \(Self.seconds(instant)): \(what)") }

    private static func seconds(_ instant: Int64) -> String { "\(Double(instant) / 1_000_000) s" }

    /// Which breaches are ours, and which nobody could have known to be any.
    private func judgeBreaches() {
        for breach in breaches {
            let isExcused =
                !breach.of.isEmpty
                && breach.of.allSatisfy { amnesia.excuses(breach.mirror.grants(of: $0.requests), limit: $0.limit.count) }
            if isExcused {
                outcome.excused.append("at \(Self.seconds(breach.at)): \(breach.what)")
            } else {
                note(breach.what, at: breach.at)
            }
        }
    }

    func trace(_ line: () -> String) {
        guard keepsTrace else { return }
        let digits = String(timeline.now % 1_000_000)
        outcome.trace.append("\(timeline.now / 1_000_000).\(String(repeating: "0", count: 6 - digits.count))\(digits)  \(line())")
    }

    private func lookForOverdueCalls() {
        for node in nodes {
            let count = node.overdue(by: 1_000_000)
            if count > 0 { broke("\(count) calls on \(node) are overdue") }
        }
    }

    private func summary() -> Outcome {
        judgeBreaches()
        outcome.requests = mirrors.reduce(0) { $0 + $1.arrivals.count }
        outcome.needs = needs
        outcome.elections = redis.elections
        outcome.worstByOwnCount = mirrors.map(\.worstByOwnCount).max() ?? 0
        for mirror in mirrors {
            for (count, limit) in zip(mirror.worst, mirror.rules.limits) {
                let share = Double(count) / Double(limit.count)
                if let worst = outcome.worst, Double(worst.count) / Double(worst.limit.count) >= share { continue }
                outcome.worst = Outcome.Worst(mirror: mirror.rules.name, count: count, limit: limit)
            }
        }
        let start = mirrors.compactMap(\.arrivals.first).min() ?? 0
        let settled = mirrors.flatMap(\.arrivals).filter { $0 >= start + 1_000_000 && $0 <= scenario.length }.sorted()
        outcome.longestGap = zip(settled, settled.dropFirst()).map { $1 - $0 }.max() ?? 0
        let paces = mirrors.map { $0.pace(from: start, until: scenario.length) }
        outcome.utilisation = paces.reduce(0) { $0 + $1.share * $1.ideal } / max(1, paces.reduce(0) { $0 + $1.ideal })
        if scenario.isSaturated, outcome.utilisation < Self.leastUtilisation {
            broke("only \(outcome.utilisation) of what the limits allow was used, though more was wanted all the time")
        }
        return outcome
    }
}

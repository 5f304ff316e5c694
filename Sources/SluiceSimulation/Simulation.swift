import SluiceCoordination
import SluiceLoop

/// One run of the product's decisions in virtual time, checked after every event.
///
/// Checked: no mirror receives more than its limits allow in any window (G1), no slot is used twice, every call ends by its
/// deadline (G5), and epochs only grow. The same scenario gives the same run, event for event.
package final class Simulation {
    let scenario: Scenario
    let timeline = Timeline()
    let redis = SimulatedRedis()
    let mirrors: [SimulatedMirror]
    var nodes: [SimulatedNode] = []
    var random: SeededGenerator
    var outcome = Outcome()
    /// Calls that died with their process.
    var forgiven = 0
    private let keepsTrace: Bool
    private let terms: LedgerTerms
    private var granted: [Int64: Int64] = [:]
    private var used: [UsedGrant: Int64] = [:]

    private struct UsedGrant: Hashable {
        let node: NodeID
        let grant: GrantKey
    }

    /// - Parameter keepsTrace: whether the outcome tells what happened, line by line.
    package init(_ scenario: Scenario, keepsTrace: Bool = false) {
        self.scenario = scenario
        self.keepsTrace = keepsTrace
        random = SeededGenerator(seed: scenario.seed ^ 0x5143_4543)
        mirrors = scenario.mirrors.map(SimulatedMirror.init)
        // Bounds are kept by the scenarios.
        terms = try! LedgerTerms(mirrors: scenario.mirrors, hold: 2_000_000, requestTimeout: scenario.timeout)
    }

    /// Runs it to its end.
    package func run() -> Outcome {
        redis.publish = { [unowned self] message in
            switch message {
            case .grant(let node, let grant): nodes.first { $0.id == node && $0.isAlive }?.deliver(.granted(grant))
            case .freed: for node in nodes where node.hearsDemands { node.deliver(.freed) }
            case .muster(let incarnation, let number):
                for node in nodes { node.deliver(.beat(.muster(incarnation: incarnation, number: number))) }
            }
        }
        redis.publishBeat = { [unowned self] beat in for node in nodes { node.deliver(.beat(beat)) } }
        for place in 0..<scenario.nodes { timeline.plan(at: random.pick(0...200_000)) { [self] in startNode(place) } }
        for (at, fault) in scenario.faults { timeline.plan(at: at) { [self] in happen(fault) } }
        timeline.run(until: scenario.length)
        // Nobody calls any more: everything under way must come to its end.
        timeline.run(until: scenario.length + scenario.deadline.upperBound + 12_000_000)
        for node in nodes where node.isAlive && node.overdue(by: 1_000_000) > 0 {
            broke("\(node.overdue(by: 1_000_000)) calls on \(node.id) never ended")
        }
        if !redis.hasLostData, zip(redis.epochs, redis.epochs.dropFirst()).contains(where: { $0 >= $1 }) {
            broke("epochs went back: \(redis.epochs)")
        }
        outcome.requests = mirrors.reduce(0) { $0 + $1.requests }
        outcome.elections = redis.epochs.count
        outcome.utilisation = Double(outcome.requests) / Double(max(1, ideal))
        return outcome
    }

    // MARK: What happens

    func arrive(_ mirror: Int, _ node: NodeID) {
        if let broken = mirrors[mirror].arrive(at: timeline.now) { broke("\(broken), the last from \(node)") }
        trace { "\(node) reaches \(self.mirrors[mirror].rules.name)" }
    }

    func publish(_ message: DemandMessage) {
        trace { message.text }
        for node in nodes where node.hearsDemands { node.deliver(.demanded(message)) }
    }

    func has(_ weakness: Scenario.Weakness) -> Bool { scenario.weaknesses.contains(weakness) }

    private func startNode(_ place: Int) {
        let id = NodeID(host: "sim\(place)", process: Int32(place), random: &random)
        var options = CoordinatorOptions()
        options.timings.lease = 1_000_000
        let node = SimulatedNode(id: id, place: place, run: self, options: options, terms: terms)
        nodes.append(node)
        trace { "\(id) starts" }
        node.start()
        node.reconnected()
    }

    private func current(_ place: Int) -> SimulatedNode? { nodes.last { $0.place == place && $0.isAlive } }

    private func happen(_ fault: Scenario.Fault) {
        trace { "\(fault)" }
        switch fault {
        case .crash(let place, let after):
            current(place)?.crash()
            timeline.plan(after: after) { [self] in startNode(place) }
        case .leave(let place, let after):
            guard let node = current(place) else { return }
            node.whenAwake { node.leave() }
            timeline.plan(after: max(after, 6_000_000)) { [self] in
                node.crash()
                startNode(place)
            }
        case .freeze(let place, let span):
            if let node = current(place) { node.frozenUntil = max(node.frozenUntil, timeline.now + span) }
        case .partition(let place, let span):
            guard let node = current(place) else { return }
            node.cutUntil = max(node.cutUntil, timeline.now + span)
            timeline.plan(at: node.cutUntil) { node.reconnected() }
        case .redisDown(let span):
            redis.setUp(false)
            timeline.plan(after: span) { [self] in
                redis.setUp(true)
                nodes.forEach { $0.reconnected() }
            }
        case .dataLoss:
            redis.loseData()
            nodes.forEach { $0.reconnected() }
        case .rollback(let age):
            redis.rollBack(by: age, now: timeline.now)
            nodes.forEach { $0.reconnected() }
        case .clockStep(let span): redis.clockOffset += span
        case .mirrorDead(let mirror, let span):
            mirrors[mirror].isDead = true
            timeline.plan(after: span) { [self] in mirrors[mirror].isDead = false }
        }
    }

    // MARK: Checks

    /// The ledger gave slots to a node.
    func recorded(_ reply: ReserveReply) {
        for grants in reply.grants { for grant in grants { granted[grant.number, default: 0] += grant.count } }
    }

    /// A node uses a slot.
    func spend(_ slot: Slot, of node: SimulatedNode) {
        used[UsedGrant(node: node.id, grant: slot.grant), default: 0] += 1
        let count = used[UsedGrant(node: node.id, grant: slot.grant)] ?? 0
        // A reply that was lost on its way told nobody how many there were.
        if let total = granted[slot.grant.number], count > total { broke("\(node.id) used \(count) of the \(total) slots of a grant") }
    }

    func broke(_ what: String) {
        trace { "BROKEN: \(what)" }
        outcome.broken.append("at \(Double(timeline.now) / 1_000_000) s: \(what)")
    }

    private func trace(_ line: () -> String) {
        if keepsTrace { outcome.trace.append("\(Double(timeline.now) / 1_000_000) \(line())") }
    }

    /// How many requests the limits would have let start within the run, at best.
    private var ideal: Int64 {
        scenario.mirrors.reduce(0) { sum, rules in
            sum + (rules.limits.map { $0.count * (1 + (scenario.length - 1) / $0.window) }.min() ?? 0)
        }
    }
}

import SluiceCache
import SluiceCoordination

/// The Redis of a run: the in-memory ledger, the lease, and pub/sub. Commands arrive when the network lets them.
final class SimulatedRedis {
    struct Data {
        var ledger = LedgerState()
        var leaseEnds: Int64 = .min
        /// Records and flights.
        var flights = FlightLedger()
        /// What each key must be by now, as far as purges were carried out.
        var floors: [Int: Int64] = [:]
    }

    var data = Data()
    /// What a replica would have had, lately; kept only where a replica is going to take over.
    private var past: [(at: Int64, data: Data)] = []
    private let keepsPast: Bool
    private(set) var isUp = true
    private(set) var life = 0
    /// The host's clock minus true time, at true time 0.
    var clockOffset: Int64 = 1_700_000_000_000_000
    private let skew: Int64
    /// How often somebody was elected.
    private(set) var elections = 0
    /// What stands in for parts of the ledger, to show what they are good for.
    let substitute: SubstituteLedger?
    /// When it was started, by its own clock in whole seconds: half of all runs begin with a server that has been up for long.
    private var startedAt: Int64
    /// Whether flights are everybody's, and whether fills need none.
    let lacksFlights: Bool
    let lacksFillFence: Bool
    /// When each key was last purged, in true time.
    var purgedAt: [Int: Int64] = [:]
    /// The version of a key's record that was stored in the future, by the clock as it was when the key's right was last given away.
    var unborn: [Int: String] = [:]
    /// Who hears that a key's record is not what it was, and what it must be by now.
    var publishInvalidation: (Int, Int64) -> Void = { _, _ in }
    /// Who is subscribed.
    var listeners: () -> Set<NodeID> = { [] }
    /// Who hears what is published.
    var publish: (LedgerMessage) -> Void = { _ in }
    var publishBeat: (BeatMessage) -> Void = { _ in }
    /// Who hears that a command changed the ledger.
    var changed: () -> Void = {}

    init(_ scenario: Scenario, skew: Int64) {
        self.skew = skew
        keepsPast = scenario.faults.contains { if case .rollback = $0.fault { true } else { false } }
        substitute = SubstituteLedger(scenario)
        lacksFlights = scenario.weaknesses.contains(.noFlight)
        lacksFillFence = scenario.weaknesses.contains(.noFillFence)
        startedAt = (clockOffset - (scenario.seed.isMultiple(of: 2) ? 3_600_000_000 : 0)) / 1_000_000
    }

    var runID: String { "server-\(life)" }

    /// For how long it has surely been up, as clients make it out.
    func age(at now: Int64) -> Int64 { max(0, (raw(now) / 1_000_000 - startedAt - 1) * 1_000_000) }

    func raw(_ now: Int64) -> Int64 { now + now * skew / 1_000_000 + clockOffset }

    // MARK: Faults

    func setUp(_ up: Bool) { isUp = up }

    func loseData(now: Int64) {
        var empty = Data()
        // What was purged stays so: nothing older can come back.
        empty.floors = data.floors
        begin(empty, now: now)
    }

    /// What had been written until so long ago comes back: what the first of the later commands found.
    func rollBack(by age: Int64, now: Int64) { begin(past.first { $0.at > now - age }?.data ?? data, now: now) }

    private func begin(_ data: Data, now: Int64) {
        self.data = data
        past = []
        life += 1
        startedAt = raw(now) / 1_000_000
    }

    func note(_ now: Int64) {
        guard keepsPast else { return }
        past.append((now, data))
        if past.count > 800 { past.removeFirst(400) }
    }

    private func changes(_ now: Int64) {
        note(now)
        changed()
        looks()
    }

    private func looks() { data.ledger.listeners = listeners() }

    private func expireLease(_ now: Int64) {
        if data.ledger.leader != nil, raw(now) >= data.leaseEnds { data.ledger.leader = nil }
    }

    // MARK: Commands

    func reserve(_ request: ReserveRequest, _ call: LedgerCall, now: Int64) -> ReserveReply {
        changes(now)
        expireLease(now)
        let (reply, messages) =
            substitute?.reserve(request, call, &data.ledger, raw: raw(now), now: now) ?? data.ledger.reserve(request, call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func settle(_ request: SettleRequest, _ call: LedgerCall, now: Int64) -> SettleReply {
        changes(now)
        let (reply, messages) =
            substitute?.settle(request, call, &data.ledger, raw: raw(now)) ?? data.ledger.settle(request, call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func penalise(mirror: Int, grant: Int64, asked: Int64?, _ call: LedgerCall, now: Int64) -> PenaliseReply {
        changes(now)
        let (reply, messages) = data.ledger.penalise(mirror: mirror, grant: grant, asked: asked, call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func announce(_ call: LedgerCall, now: Int64) -> AnnounceReply {
        changes(now)
        let (reply, messages) = data.ledger.announce(call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func copy(since version: Int64?, _ call: LedgerCall, now: Int64) -> CopyReply {
        looks()
        return data.ledger.copy(since: version, call, at: raw(now))
    }

    func contribute(
        _ told: Recollection, of node: NodeID, to notice: MusterNotice, in incarnation: String, _ call: LedgerCall, now: Int64
    ) -> LedgerStamp {
        changes(now)
        // As the real one keeps it: in its written form.
        let (stamp, messages) = data.ledger.contribute(
            Recollection(told.bytes) ?? told, of: node, to: notice, in: incarnation, call, at: raw(now))
        messages.forEach(publish)
        return stamp
    }

    func gather(_ call: LedgerCall, now: Int64) -> GatherReply {
        looks()
        return data.ledger.gather(call, at: raw(now))
    }

    func restore(_ request: RestoreRequest, _ call: LedgerCall, now: Int64) -> RestoreReply {
        changes(now)
        let (reply, messages) = data.ledger.restore(request, call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func pull(_ node: NodeID, _ call: LedgerCall, now: Int64) -> PullReply {
        looks()
        return data.ledger.pull(node, call, at: raw(now))
    }

    func campaign(_ node: NodeID, lease: Int64, knownEpoch: Int64, now: Int64) -> SlotNode.Campaign {
        note(now)
        expireLease(now)
        if let holder = data.ledger.leader, holder != node {
            return .lost(to: holder.text, epoch: data.ledger.epoch, remaining: data.leaseEnds - raw(now))
        }
        data.ledger.leader = node
        data.ledger.epoch = max(data.ledger.epoch, knownEpoch) + 1
        data.leaseEnds = raw(now) + lease
        elections += 1
        return .won(epoch: data.ledger.epoch)
    }

    func renew(_ node: NodeID, epoch: Int64, lease: Int64, beat: BeatMessage, now: Int64) -> Bool {
        expireLease(now)
        guard data.ledger.leader == node, data.ledger.epoch == epoch else { return false }
        data.leaseEnds = raw(now) + lease
        publishBeat(beat)
        return true
    }

    func resign(_ node: NodeID, epoch: Int64, now: Int64) {
        expireLease(now)
        guard data.ledger.leader == node else { return }
        data.ledger.leader = nil
        publishBeat(.resigned(leader: node.text, epoch: epoch))
    }
}

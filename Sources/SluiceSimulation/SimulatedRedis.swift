import SluiceCoordination

/// The Redis of a run: the in-memory ledger, the lease, and pub/sub. Commands arrive when the network lets them.
final class SimulatedRedis {
    private struct Data {
        var ledger = LedgerState()
        var leaseEnds: Int64 = .min
    }

    private var data = Data()
    /// What a replica would have had, lately.
    private var past: [(at: Int64, data: Data)] = []
    private(set) var isUp = true
    private(set) var life = 0
    /// The host's clock minus true time.
    var clockOffset: Int64 = 1_700_000_000_000_000
    /// Every epoch that was ever won, in order, with the life of the data in which it was.
    private(set) var epochs: [Int64] = []
    private(set) var hasLostData = false
    /// Who hears what is published.
    var publish: (LedgerMessage) -> Void = { _ in }
    var publishBeat: (BeatMessage) -> Void = { _ in }

    var runID: String { "server-\(life)" }

    func raw(_ now: Int64) -> Int64 { now + clockOffset }

    // MARK: Faults

    func setUp(_ up: Bool) { isUp = up }

    func loseData() {
        data = Data()
        past = []
        life += 1
        hasLostData = true
    }

    func rollBack(by age: Int64, now: Int64) {
        data = past.last { $0.at <= now - age }?.data ?? Data()
        past = []
        life += 1
        hasLostData = true
    }

    private func note(_ now: Int64) {
        past.append((now, data))
        if past.count > 400 { past.removeFirst(200) }
    }

    private func expireLease(_ now: Int64) {
        if data.ledger.leader != nil, raw(now) >= data.leaseEnds { data.ledger.leader = nil }
    }

    // MARK: Commands

    func reserve(_ request: ReserveRequest, _ call: LedgerCall, now: Int64) -> ReserveReply {
        note(now)
        expireLease(now)
        let (reply, messages) = data.ledger.reserve(request, call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func settle(_ request: SettleRequest, _ call: LedgerCall, now: Int64) -> SettleReply {
        note(now)
        let (reply, messages) = data.ledger.settle(request, call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func copy(since version: Int64?, _ call: LedgerCall, now: Int64) -> CopyReply {
        data.ledger.copy(since: version, call, at: raw(now))
    }

    func contribute(
        _ told: Recollection, of node: NodeID, to notice: MusterNotice, in incarnation: String, _ call: LedgerCall, now: Int64
    ) -> LedgerStamp {
        note(now)
        // As the real one keeps it: in its written form.
        let (stamp, messages) = data.ledger.contribute(
            Recollection(told.bytes) ?? told, of: node, to: notice, in: incarnation, call, at: raw(now))
        messages.forEach(publish)
        return stamp
    }

    func gather(_ call: LedgerCall, now: Int64) -> GatherReply { data.ledger.gather(call, at: raw(now)) }

    func restore(_ request: RestoreRequest, _ call: LedgerCall, now: Int64) -> RestoreReply {
        note(now)
        let (reply, messages) = data.ledger.restore(request, call, at: raw(now))
        messages.forEach(publish)
        return reply
    }

    func pull(_ node: NodeID, _ call: LedgerCall, now: Int64) -> PullReply { data.ledger.pull(node, call, at: raw(now)) }

    func campaign(_ node: NodeID, lease: Int64, knownEpoch: Int64, now: Int64) -> SlotNode.Campaign {
        note(now)
        expireLease(now)
        if let holder = data.ledger.leader, holder != node {
            return .lost(to: holder.text, epoch: data.ledger.epoch, remaining: data.leaseEnds - raw(now))
        }
        data.ledger.leader = node
        data.ledger.epoch = max(data.ledger.epoch, knownEpoch) + 1
        data.leaseEnds = raw(now) + lease
        epochs.append(data.ledger.epoch)
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

import Sluice
import SluiceCoordination
import SluiceLoop
import SluiceRandom

/// One process of a run: the product's `SlotNode`, callers that want slots, and a connection to Redis that the network delays.
///
/// Times on the node are its own clock's; `local` and `true` translate. Everything that reaches a frozen node waits until it
/// thaws; a crashed one is deaf for good.
final class SimulatedNode {
    let id: NodeID
    let place: Int
    unowned let run: Simulation
    var node: SlotNode
    var clock = LedgerClock()
    private let skew: Int64
    private let epoch: Int64
    /// The time of day on this host, less true time.
    let clockError: Int64
    private(set) var isAlive = true
    private(set) var isLeaving = false
    /// It has left and has nothing more to say: a real process would be gone.
    private(set) var hasParted = false
    /// Commands that have no answer yet.
    var underWay = 0
    private(set) var frozenUntil: Int64 = 0
    /// What a clock that does not count standing still has lost.
    private var stoodStill: Int64 = 0
    var cutThereUntil: Int64 = 0
    var cutHereUntil: Int64 = 0
    /// There is no connection before this.
    var backAt: Int64 = 0
    var lastArrivalThere: Int64 = 0
    var lastArrivalHere: Int64 = 0
    var lastMessageHere: Int64 = 0
    private(set) var hearsDemands = false
    /// When the ledger first answered it; the time at which it was asked, there.
    private(set) var metAt: Int64?
    /// When the command was carried out whose answer is being taken in.
    var answeredAt: Int64 = 0
    /// When it last ceased to be able to be heard; see `isHeard`.
    private(set) var silentSince: Int64?
    private var plannedTurn: Int64 = .max
    var waiting: [UInt64: Call] = [:]
    var nextWaiter: UInt64 = 0
    var cache = SimulatedCache()
    var lastInvalidationHere: Int64 = 0
    /// Commands that wait for a connection.
    var kept = KeptCommands()

    var requestTimeout: Int64 { node.terms.requestTimeout }

    init(id: NodeID, place: Int, run: Simulation, options: CoordinatorOptions, terms: LedgerTerms) {
        self.id = id
        self.place = place
        self.run = run
        skew = run.random.pick(-run.scenario.skew...run.scenario.skew)
        clockError = run.random.scale(run.scenario.clocksApart) * (run.random.happens(0.5) ? 1 : -1)
        // Its continuous clock began at any time.
        epoch = 20_000_000_000 + clockError
        let started = Instant(microseconds: epoch)
        // The clock shows `epoch` at true time 0; the node is made at the present.
        let now = started.advanced(byMicroseconds: run.timeline.now + run.timeline.now * skew / 1_000_000)
        node = SlotNode(
            id: id, terms: terms, options: options, isShared: true, now: now,
            random: SeededGenerator(seed: UInt64.random(in: 0 ... .max, using: &run.random)))
    }

    // MARK: Time

    func local(_ instant: Int64) -> Instant {
        Instant(microseconds: epoch + instant + instant * skew / 1_000_000 - stoodStill)
    }

    /// The present, by this node's clock.
    var present: Instant { local(run.timeline.now) }

    func trueTime(_ instant: Instant) -> Int64 {
        let shown = instant.microseconds - epoch + stoodStill
        return shown - shown * skew / 1_000_000
    }

    /// Runs `body` now, or when the node thaws; never when it is dead.
    func whenAwake(_ body: @escaping () -> Void) {
        guard isAlive else { return }
        if frozenUntil > run.timeline.now {
            run.timeline.plan(at: frozenUntil) { [self] in whenAwake(body) }
        } else {
            body()
        }
    }

    // MARK: Life

    func start() {
        for _ in 0..<run.scenario.callers { callAfterRest() }
        turn()
    }

    func crash() {
        fallsSilent()
        run.memberGone(self)
        for cell in cache.cells.values.sorted(by: { $0.key < $1.key }) { if let fetch = cell.fetch { run.lost(fetch, self, .died) } }
        cache = SimulatedCache()
        isAlive = false
        waiting = [:]
    }

    func freeze(for span: Int64) {
        fallsSilent()
        let until = max(frozenUntil, run.timeline.now + span)
        if run.has(.leaderForgetsItsEnd) { stoodStill += until - max(frozenUntil, run.timeline.now) }
        frozenUntil = until
    }

    /// Whether what it has to say reaches Redis.
    private var isHeard: Bool {
        let now = run.timeline.now
        return isAlive && !hasParted && frozenUntil <= now && cutThereUntil <= now && backAt <= now && run.redis.isUp
    }

    /// Something comes over it that keeps it from being heard; to be called before that.
    func fallsSilent() { if isHeard { silentSince = run.timeline.now } }

    /// What it can bear witness of: when the ledger first answered it, and since when it could not be heard; nil when it knows nothing.
    var testimony: (met: Int64, unheardSince: Int64?)? {
        metAt.map { ($0, isHeard ? nil : silentSince ?? 0) }
    }

    func leave() {
        endFlights()
        run.memberGone(self)
        isLeaving = true
        apply(.stopped)
    }

    func apply(_ event: SlotNode.Event) {
        node.apply(event, now: present)
        turn()
    }

    private func turn() {
        let now = run.timeline.now
        let role = node.figures.role
        for effect in node.turn(now: local(now)) { carryOut(effect) }
        partIfDone()
        if node.figures.role != role { run.trace { "\(self) is \(self.node.figures.role), epoch \(self.node.figures.epoch)" } }
        guard let next = node.nextStep(now: local(now)), next != .distantFuture else { return }
        let at = max(now + 1, trueTime(next) + 1)
        guard at < plannedTurn else { return }
        plannedTurn = at
        run.timeline.plan(at: at) { [self] in
            guard plannedTurn == at else { return }
            plannedTurn = .max
            whenAwake { self.turn() }
        }
    }

    /// A process that leaves ends when it has nothing more to report, and every command has its answer.
    func partIfDone() {
        guard isLeaving, !hasParted, underWay == 0, !node.takesPartInMusters else { return }
        fallsSilent()
        hasParted = true
        run.trace { "\(self) has left" }
    }

    // MARK: Effects

    private func carryOut(_ effect: SlotNode.Effect) {
        let sentAt = local(run.timeline.now)
        switch effect {
        case .give(let waiter, let slot): given(slot, to: waiter)
        case .refuse(let waiter, let refusal): refused(waiter, refusal)
        case .reserve(let request, let purpose):
            ask { [run] redis, call, now in
                let reply = redis.reserve(request, call, now: now)
                run.recorded(request, reply)
                return reply
            } then: { [self] result in
                learn(result.map(\.stamp), sentAt)
                apply(.reserved(request, purpose, result, sentAt: sentAt))
            }
        case .settle(let reports):
            let request = node.settleRequest(reports, sentAt: sentAt)
            run.trace {
                let told = reports.map { "#\($0.grant.number): \($0.settled.completed.count) done, \($0.settled.unsent) unused" }
                return "\(self) reports \(told)"
            }
            ask { redis, call, now in
                redis.settle(request, call, now: now)
            } then: { [self] result in
                learn(result.map(\.stamp), sentAt)
                apply(.settled(reports, result))
            }
        case .pull:
            let id = id
            ask { redis, call, now in
                redis.pull(id, call, now: now)
            } then: { [self] result in
                run.trace { "\(self) pulls: \((try? result.get())?.held.map { "#\($0.grant.number)×\($0.grant.count)" } ?? ["failed"])" }
                apply(.pulled(result, sentAt: sentAt))
            }
        case .copy(let version):
            ask { redis, call, now in
                redis.copy(since: version, call, now: now)
            } then: { [self] in
                apply(.copied($0))
            }
        case .contribute(let notice, let incarnation):
            let told = node.recollection(sentAt: sentAt) ?? Recollection(incarnation: incarnation, copy: nil, copyTime: 0, own: [])
            let id = id
            ask { redis, call, now in
                redis.contribute(told, of: id, to: notice, in: incarnation, call, now: now)
            } then: { [self] in
                learn($0, sentAt)
                apply(.contributed(notice, $0))
            }
        case .gather:
            ask { redis, call, now in
                redis.gather(call, now: now)
            } then: { [self] in
                apply(.gathered($0))
            }
        case .restore(let request):
            ask { redis, call, now in
                redis.restore(request, call, now: now)
            } then: { [self] in
                learn($0.map(\.stamp), sentAt)
                apply(.restored($0))
            }
        case .announce:
            ask { redis, call, now in
                redis.announce(call, now: now)
            } then: { [self] in
                learn($0.map(\.stamp), sentAt)
                apply(.announced($0, sentAt: sentAt))
            }
        case .say(let sentence): run.trace { "\(self) says: \(sentence)" }
        case .learn(let stamp): clock.heardMessage(stamp, received: sentAt)
        case .publish(let message):
            ask { [run] _, _, _ in
                run.publish(message)
            } then: { _ in
            }
        case .campaign(let known):
            let (id, lease) = (id, node.options.timings.lease)
            ask { redis, _, now in
                redis.campaign(id, lease: lease, knownEpoch: known, now: now)
            } then: { [self] in
                apply(.campaigned($0, sentAt: sentAt))
            }
        case .renew(let epoch, let beat):
            let (id, lease) = (id, node.options.timings.lease)
            ask { redis, _, now in
                redis.renew(id, epoch: epoch, lease: lease, beat: beat, now: now)
            } then: { [self] in
                apply(.renewed($0, sentAt: sentAt))
            }
        case .resign(let epoch):
            let id = id
            ask { redis, _, now in
                redis.resign(id, epoch: epoch, now: now)
            } then: { _ in
            }
        case .listenAsLeader(let listens): hearsDemands = listens
        }
    }

    private func learn(_ stamp: Result<LedgerStamp, SlotNode.Failure>, _ sentAt: Instant) {
        guard case .success(let stamp) = stamp else { return }
        metAt = metAt ?? answeredAt
        guard clock.heard(stamp, sent: sentAt, received: local(run.timeline.now)) else { return }
        let sentAt = local(run.timeline.now)
        ask { redis, call, now in
            redis.announce(call, now: now)
        } then: { [self] in
            learn($0.map(\.stamp), sentAt)
        }
    }
}

extension SimulatedNode: CustomStringConvertible {
    /// As it is called in a trace: its place, and the random part of its name, which tells processes at one place apart.
    var description: String { "n\(place)~\(id.tag.prefix(3))" }
}

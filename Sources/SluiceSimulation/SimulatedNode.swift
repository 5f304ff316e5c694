import SluiceCoordination
import SluiceLoop

/// One process of a run: the product's `SlotNode`, callers that want slots, and a connection to Redis that the network delays.
///
/// Times on the node are its own clock's; `local` and `true` translate. Everything that reaches a frozen node waits until it
/// thaws; a crashed one is deaf for good.
final class SimulatedNode {
    let id: NodeID
    let place: Int
    unowned let run: Simulation
    var node: SlotNode
    private var clock = LedgerClock()
    private let skew: Int64
    private let epoch: Int64
    private(set) var isAlive = true
    private(set) var isLeaving = false
    var frozenUntil: Int64 = 0
    var cutUntil: Int64 = 0
    private var lastArrivalThere: Int64 = 0
    private var lastArrivalHere: Int64 = 0
    private var lastMessageHere: Int64 = 0
    private(set) var hearsDemands = false
    private var plannedTurn: Int64 = .max
    private var callers: [UInt64: Caller] = [:]
    private var nextWaiter: UInt64 = 0

    struct Caller {
        let deadline: Instant
    }

    init(id: NodeID, place: Int, run: Simulation, options: CoordinatorOptions, terms: LedgerTerms) {
        self.id = id
        self.place = place
        self.run = run
        skew = run.random.pick(-run.scenario.skew...run.scenario.skew)
        epoch = run.random.pick(1_000_000_000...9_000_000_000)
        let started = Instant(microseconds: epoch)
        // The clock shows `epoch` at true time 0; the node is made at the present.
        let now = started.advanced(byMicroseconds: run.timeline.now + run.timeline.now * skew / 1_000_000)
        node = SlotNode(
            id: id, terms: terms, options: options, isShared: true, now: now,
            random: SeededGenerator(seed: UInt64.random(in: 0 ... .max, using: &run.random)))
    }

    // MARK: Time

    func local(_ instant: Int64) -> Instant { Instant(microseconds: epoch + instant + instant * skew / 1_000_000) }

    private func trueTime(_ instant: Instant) -> Int64 {
        let shown = instant.microseconds - epoch
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
        isAlive = false
        run.forgiven += callers.count
        callers = [:]
    }

    func leave() {
        isLeaving = true
        apply(.stopped)
    }

    func apply(_ event: SlotNode.Event) {
        node.apply(event, now: local(run.timeline.now))
        turn()
    }

    private func turn() {
        let now = run.timeline.now
        for effect in node.turn(now: local(now)) { carryOut(effect) }
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

    // MARK: Callers

    private func callAfterRest() {
        let rest = run.random.pick(run.scenario.rest)
        run.timeline.plan(after: rest) { [self] in whenAwake { self.call() } }
    }

    private func call() {
        guard !isLeaving, run.timeline.now < run.scenario.length else { return }
        nextWaiter += 1
        let now = local(run.timeline.now)
        let deadline = now.advanced(byMicroseconds: run.random.pick(run.scenario.deadline))
        callers[nextWaiter] = Caller(deadline: deadline)
        apply(.wanted(Waiter(id: nextWaiter, priority: run.random.happens(0.1) ? .high : .normal, deadline: deadline, arrivedAt: now)))
    }

    private func end(_ waiter: UInt64) {
        guard let caller = callers.removeValue(forKey: waiter) else { return run.broke("waiter \(waiter) of \(id) ended twice") }
        // What the node could do in time: it may have been frozen over the deadline.
        let late = local(run.timeline.now).microseconds(since: caller.deadline)
        if late > 5_000, run.timeline.now > frozenUntil + 5_000 {
            run.broke("a call on \(id) ended \(late / 1_000) ms after its deadline")
        }
    }

    /// Calls whose end is overdue by so much at the end of a run.
    func overdue(by slack: Int64) -> Int {
        let now = local(run.timeline.now)
        return callers.values.count { now.microseconds(since: $0.deadline) > slack }
    }

    // MARK: Requests

    private func send(_ slot: Slot) {
        run.spend(slot, of: self)
        let given = local(run.timeline.now)
        // The process may be stopped just here, between getting its slot and sending.
        run.timeline.plan(after: run.random.pick(run.scenario.pause)) { [self] in whenAwake { self.send(slot, given: given) } }
    }

    private func send(_ slot: Slot, given: Instant) {
        let sent = local(run.timeline.now)
        guard sent < slot.sendBy || run.has(.noSendBy) else { return finish(slot, .unsent) }
        let mirror = run.mirrors[slot.mirror]
        if mirror.isDead || run.random.happens(run.scenario.connectFailure) {
            run.timeline.plan(after: 200) { self.whenAwake { self.finish(slot, .unsent) } }
            return
        }
        let there = run.random.latency(run.scenario.mirrorLatency) / 2
        let back = run.random.latency(run.scenario.mirrorLatency) / 2
        run.timeline.plan(after: there) { self.run.arrive(slot.mirror, self.id) }
        if run.has(.silentSecondSend), run.random.happens(0.05) {
            run.timeline.plan(after: there + 1_000) { self.run.arrive(slot.mirror, self.id) }
        }
        let timeout = run.scenario.timeout
        run.timeline.plan(after: min(there + back, timeout)) { [self] in
            whenAwake { [self] in
                let now = local(run.timeline.now)
                let isCut = there + back > timeout
                let over = isCut && !run.has(.noAbortGuard) ? now.advanced(byMicroseconds: 1_000_000) : now
                finish(slot, .completed(run.has(.anchoredAtGrant) ? given : over))
            }
        }
    }

    private func finish(_ slot: Slot, _ outcome: SlotOutcome) {
        apply(.finished(slot, outcome))
        callAfterRest()
    }

    // MARK: Effects

    private func carryOut(_ effect: SlotNode.Effect) {
        let sentAt = local(run.timeline.now)
        switch effect {
        case .give(let waiter, let slot):
            run.outcome.served += 1
            end(waiter)
            send(slot)
        case .refuse(let waiter, _):
            run.outcome.refused += 1
            end(waiter)
            // A refused caller comes back after a moment.
            run.timeline.plan(after: 50_000) { [self] in whenAwake { self.callAfterRest() } }
        case .reserve(let request, let purpose):
            ask { [run] redis, call, now in
                let reply = redis.reserve(request, call, now: now)
                run.recorded(reply)
                return reply
            } then: { [self] result in
                learn(result.map(\.stamp), sentAt)
                apply(.reserved(request, purpose, result, sentAt: sentAt))
            }
        case .settle(let reports):
            let request = node.settleRequest(reports, sentAt: sentAt)
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
            } then: { [self] in
                apply(.pulled($0, sentAt: sentAt))
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
        if case .success(let stamp) = stamp { clock.heard(stamp, sent: sentAt, received: local(run.timeline.now)) }
    }

    // MARK: Network

    private var isCut: Bool { cutUntil > run.timeline.now || !run.redis.isUp }

    /// A command to Redis and its answer, in order on their connection.
    private func ask<Reply>(
        _ command: @escaping (SimulatedRedis, LedgerCall, Int64) -> Reply,
        then answered: @escaping (Result<Reply, SlotNode.Failure>) -> Void
    ) {
        let now = run.timeline.now
        guard !isCut else {
            run.timeline.plan(after: 2_000_000) { [self] in whenAwake { answered(.failure(.notDone)) } }
            return
        }
        let knowledge = run.has(.noMemoryOfData) || run.has(.noClockBounds) ? nil : clock.knowledge(at: local(now))
        let call = LedgerCall(
            terms: node.terms, knowledge: knowledge, runID: run.has(.noMemoryOfData) ? nil : run.redis.runID,
            candidate: randomWord(length: 12, from: &run.random))
        let life = run.redis.life
        lastArrivalThere = max(lastArrivalThere, now + run.random.latency(run.scenario.redisLatency))
        run.timeline.plan(at: lastArrivalThere) { [self] in
            // A restart or a cut ends the connection: what was on its way is lost with it.
            guard !isCut, run.redis.life == life else {
                run.timeline.plan(after: 500_000) { [self] in whenAwake { answered(.failure(.fateUnknown)) } }
                return
            }
            let reply = command(run.redis, call, run.timeline.now)
            if run.random.happens(run.scenario.replyLoss) {
                run.timeline.plan(after: 500_000) { [self] in whenAwake { answered(.failure(.fateUnknown)) } }
                return
            }
            lastArrivalHere = max(lastArrivalHere, run.timeline.now + run.random.latency(run.scenario.redisLatency))
            run.timeline.plan(at: lastArrivalHere) { [self] in whenAwake { answered(.success(reply)) } }
        }
    }

    /// A pub/sub message on its way to this node: it may be lost, or come twice.
    func deliver(_ event: SlotNode.Event) {
        guard isAlive, !isCut, !run.random.happens(run.scenario.messageLoss) else { return }
        lastMessageHere = max(lastMessageHere, run.timeline.now + run.random.latency(run.scenario.redisLatency))
        for _ in 0..<(run.random.happens(run.scenario.messageRepeat) ? 2 : 1) {
            run.timeline.plan(at: lastMessageHere) { [self] in whenAwake { self.apply(event) } }
        }
    }

    /// The connection to Redis is there again.
    func reconnected() { whenAwake { self.apply(.subscribed) } }
}

import SluiceCoordination
import SluiceLoop

/// What the network does to commands, answers and messages.
extension SimulatedNode {
    /// How long the client waits for an answer; a command that is not acknowledged is given up by the kernel then, too.
    private static var commandTimeout: Int64 { 2_000_000 }

    private var isCut: Bool {
        let now = run.timeline.now
        return min(cutThereUntil, cutHereUntil) > now || backAt > now || !run.redis.isUp
    }

    /// Whether the server counts it among those who hear messages. A cut that only we notice leaves it there for longer.
    var isSubscribed: Bool { isAlive && !hasParted && !isCut && cutHereUntil <= run.timeline.now }

    /// The server was restarted or replaced: the connection is made again when the wait before the next attempt is over.
    func loseConnection() {
        fallsSilent()
        hearingEnded()
        backAt = run.timeline.now + run.random.pick(0...250_000)
        run.timeline.plan(at: backAt) { self.reconnected() }
    }

    func cut(_ way: Scenario.Way, for span: Int64) {
        let until = run.timeline.now + span
        fallsSilent()
        if way == .both { hearingEnded() }
        if way != .here { cutThereUntil = max(cutThereUntil, until) }
        if way != .there { cutHereUntil = max(cutHereUntil, until) }
        run.timeline.plan(at: until) { self.reconnected() }
    }

    /// A command to Redis and its answer, in order on their connection.
    func ask<Reply>(
        _ command: @escaping (SimulatedRedis, LedgerCall, Int64) -> Reply,
        then answered: @escaping (Result<Reply, SlotNode.Failure>) -> Void
    ) {
        let givesUpAt = run.timeline.now + Self.commandTimeout
        underWay += 1
        let done = { [self] (result: Result<Reply, SlotNode.Failure>) in
            underWay -= 1
            answered(result)
            partIfDone()
        }
        guard isCut || !kept.isEmpty else { return send(command, givingUpAt: givesUpAt, then: done) }
        let number = kept.keep { [self] in send(command, givingUpAt: givesUpAt, then: done) }
        run.timeline.plan(at: givesUpAt) { [self] in
            if kept.giveUp(number) { whenAwake { done(.failure(.notDone)) } }
        }
        lookForConnection()
    }

    /// What is kept is sent once there is a connection; who is frozen sends it later.
    private func lookForConnection() {
        guard !kept.isLooking, !kept.isEmpty else { return }
        kept.isLooking = true
        run.timeline.plan(at: max(backAt, run.timeline.now + 20_000)) { [self] in
            kept.isLooking = false
            whenAwake { [self] in
                if isCut { lookForConnection() } else { for send in kept.takeAll() { send() } }
            }
        }
    }

    private func send<Reply>(
        _ command: @escaping (SimulatedRedis, LedgerCall, Int64) -> Reply, givingUpAt givesUpAt: Int64,
        then answered: @escaping (Result<Reply, SlotNode.Failure>) -> Void
    ) {
        let now = run.timeline.now
        let isWithoutMemory = run.isWithoutMemory
        let knowsTime = !isWithoutMemory && !run.has(.noClockBounds)
        let knowledge = knowsTime ? clock.knowledge(at: local(now)) : nil
        let call = LedgerCall(
            terms: run.told(node.terms), knowledge: knowledge, node: knowsTime && !run.has(.noDoubt) ? id : nil,
            runID: isWithoutMemory ? nil : run.redis.runID,
            candidate: randomWord(length: 12, from: &run.random), muster: isWithoutMemory ? 0 : LedgerCall.musterSpan,
            settling: max(0, LedgerCall.homecoming - run.redis.age(at: now)))
        let life = run.redis.life
        // What is cut off on its way there arrives when the way is free again, unless it was given up by then.
        lastArrivalThere = max(lastArrivalThere, cutThereUntil, now + run.random.latency(run.scenario.redisLatency))
        guard lastArrivalThere < givesUpAt else {
            lastArrivalThere = now
            run.timeline.plan(at: givesUpAt) { [self] in whenAwake { answered(.failure(.fateUnknown)) } }
            return
        }
        run.timeline.plan(at: lastArrivalThere) { [self] in
            // A restart or a cut ends the connection: what was on its way is lost with it.
            guard !isCut, run.redis.life == life else {
                run.timeline.plan(after: 500_000) { [self] in whenAwake { answered(.failure(.fateUnknown)) } }
                return
            }
            let carriedOutAt = run.timeline.now
            run.caller = self
            let reply = command(run.redis, call, carriedOutAt)
            lastArrivalHere = max(lastArrivalHere, run.timeline.now + run.random.latency(run.scenario.redisLatency))
            if cutHereUntil > lastArrivalHere || lastArrivalHere > givesUpAt || run.random.happens(run.scenario.replyLoss) {
                let at = lastArrivalHere > givesUpAt || cutHereUntil > givesUpAt ? givesUpAt : run.timeline.now + 500_000
                lastArrivalHere = run.timeline.now
                run.timeline.plan(at: at) { [self] in whenAwake { answered(.failure(.fateUnknown)) } }
                return
            }
            run.timeline.plan(at: lastArrivalHere) { [self] in
                whenAwake {
                    self.answeredAt = carriedOutAt
                    answered(.success(reply))
                }
            }
        }
    }

    /// A pub/sub message on its way to this node: it may be lost, come twice, come late, or be overtaken.
    func deliver(_ event: SlotNode.Event) {
        let now = run.timeline.now
        guard isAlive, !hasParted, run.redis.isUp, cutHereUntil <= now, backAt <= now, !run.random.happens(run.scenario.messageLoss) else {
            return
        }
        for _ in 0..<(run.random.happens(run.scenario.messageRepeat) ? 2 : 1) {
            var at = now + run.random.latency(run.scenario.redisLatency) + run.random.latency(run.scenario.messageDelay)
            if !run.random.happens(run.scenario.messageReorder) {
                lastMessageHere = max(lastMessageHere, at)
                at = lastMessageHere
            }
            run.timeline.plan(at: at) { [self] in whenAwake { [self] in if !hasParted { apply(event) } } }
        }
    }

    /// The message that a key's record is not what it was. It comes over a connection of its own, in order, and is lost only with that.
    func deliverInvalidation(of key: Int, floor: Int64) {
        let era = cache.era
        guard isAlive, !hasParted, era != 0 else { return }
        lastInvalidationHere = max(lastInvalidationHere, cutHereUntil, run.timeline.now + run.random.latency(run.scenario.redisLatency))
        run.timeline.plan(at: lastInvalidationHere) { [self] in
            whenAwake { [self] in if cache.era == era { invalidated(key, floor: floor) } }
        }
    }

    /// The connection to Redis is there again.
    func reconnected() {
        whenAwake { [self] in
            apply(.subscribed)
            if !isCut, cutHereUntil <= run.timeline.now { hearingBegan() }
        }
    }
}

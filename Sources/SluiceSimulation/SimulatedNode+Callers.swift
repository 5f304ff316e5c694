import Sluice
import SluiceCache
import SluiceCoordination
import SluiceLoop

/// Callers that want one slot after another, as the pool's fetcher does for them: a request that fails is tried again, with a slot
/// of its own, at another mirror where there is one.
extension SimulatedNode {
    struct Call {
        let deadline: Instant
        let priority: SlotPriority
        var wantedAt: Instant
        var failures = 0
        var avoids: Set<Int> = []
        /// What it is for; nil: for the caller himself.
        var fetch: KeyedFetch?
    }

    /// Attempts that may fail before a call does, as in the fetcher.
    private static var attempts: Int { 4 }

    func callAfterRest() {
        let rest = run.random.pick(run.scenario.rest)
        run.timeline.plan(after: rest) { [self] in whenAwake { self.call() } }
    }

    private func call() {
        guard run.timeline.now < run.scenario.length else { return }
        guard !isLeaving else { return }
        if run.scenario.keys > 0, run.random.happens(run.scenario.keyed) { return callForKey() }
        let deadline = present.advanced(byMicroseconds: run.random.pick(run.scenario.deadline))
        let priority: SlotPriority = run.random.happens(0.1) ? .high : run.random.happens(0.1) ? .low : .normal
        want(Call(deadline: deadline, priority: priority, wantedAt: present))
    }

    func want(_ call: Call) {
        guard !isLeaving else { return }
        nextWaiter += 1
        let id = nextWaiter
        let now = present
        waiting[id] = call
        waiting[id]?.wantedAt = now
        call.fetch?.waiter = id
        if call.fetch == nil, run.random.happens(run.scenario.cancelling) {
            let patience = run.random.pick(0...max(1, call.deadline.microseconds(since: now)))
            run.timeline.plan(after: patience) { [self] in whenAwake { self.cancel(id) } }
        }
        apply(.wanted(Waiter(id: id, priority: call.priority, deadline: call.deadline, arrivedAt: now, avoids: call.avoids)))
    }

    private func cancel(_ waiter: UInt64) {
        if giveUp(waiter) { callAfterRest() }
    }

    /// Ends a wait for a slot; whether there was one.
    @discardableResult
    func giveUp(_ waiter: UInt64) -> Bool {
        guard waiting.removeValue(forKey: waiter) != nil else { return false }
        apply(.cancelled(waiter))
        return true
    }

    // MARK: Ends of a wait

    func given(_ slot: Slot, to waiter: UInt64) {
        guard let call = end(waiter) else { return }
        run.served(place)
        if call.fetch == nil, run.random.happens(run.scenario.holding) { hold(slot) } else { send(slot, call) }
    }

    func refused(_ waiter: UInt64, _ refusal: Refusal) {
        run.trace { "\(self) refuses a call: \(refusal)" }
        guard let call = end(waiter) else { return }
        if let fetch = call.fetch { return fetched(fetch, .failed(deadlineBound: true, servable: false)) }
        run.refused()
        // A refused caller comes back after a moment.
        run.timeline.plan(after: 50_000) { [self] in whenAwake { self.callAfterRest() } }
    }

    private func end(_ waiter: UInt64) -> Call? {
        guard let call = waiting.removeValue(forKey: waiter) else {
            run.broke("waiter \(waiter) of \(self) ended twice, or after it was cancelled")
            return nil
        }
        call.fetch?.waiter = nil
        ended(deadline: call.deadline, since: call.wantedAt)
        return call
    }

    func ended(deadline: Instant, since wantedAt: Instant) {
        run.waited(present.microseconds(since: wantedAt), self)
        // What the node could do in time: it may have been frozen over the deadline.
        let late = present.microseconds(since: deadline)
        if late > 5_000, run.timeline.now > frozenUntil + 5_000 {
            run.broke("a call on \(self) ended \(late / 1_000) ms after its deadline")
        }
    }

    /// Calls whose end is overdue by so much, and could have come.
    func overdue(by slack: Int64) -> Int {
        guard isAlive, run.timeline.now > frozenUntil + slack else { return 0 }
        let now = present
        let callers = cache.cells.values.flatMap(\.callers.values)
        return (waiting.values.map(\.deadline) + callers.map(\.deadline)).count { now.microseconds(since: $0) > slack }
    }

    // MARK: After an attempt

    func attemptEnded(_ call: Call, at mirror: Int, _ result: AttemptResult) {
        if let fetch = call.fetch { return attemptEnded(call, for: fetch, at: mirror, result) }
        switch result {
        case .answered: return callAfterRest()
        case .tooLate: return want(call)
        case .refused, .failed: break
        }
        if let next = next(call, at: mirror, result) { want(next) } else { callAfterRest() }
    }

    /// The same once more, elsewhere; nil when that was enough.
    private func next(_ call: Call, at mirror: Int, _ result: AttemptResult) -> Call? {
        var next = call
        if result == .failed { next.failures += 1 }
        next.avoids = run.mirrors.count > 1 ? [mirror] : []
        return next.failures < Self.attempts && present < call.deadline ? next : nil
    }

    private func attemptEnded(_ call: Call, for fetch: KeyedFetch, at mirror: Int, _ result: AttemptResult) {
        guard !fetch.isCancelled else { return }
        switch result {
        case .answered: return fetched(fetch, .storable)
        case .tooLate: return want(call)
        case .refused, .failed: run.lost(fetch, self, .mirror)
        }
        if let next = next(call, at: mirror, result) {
            tell(fetch, isOnTheWay: false)
            if !fetch.isCancelled { want(next) }
            return
        }
        fetched(fetch, .failed(deadlineBound: present >= call.deadline, servable: false))
    }

    func penalise(_ slot: Slot, _ asked: Int64?, then: @escaping () -> Void) {
        let mirror = slot.mirror
        run.trace { "\(self) was refused by \(self.run.mirrors[mirror].rules.name)" }
        let sentAt = present
        ask { redis, call, now in
            redis.penalise(mirror: mirror, grant: slot.grant.number, asked: asked, call, now: now)
        } then: { [self] result in
            if case .success(let reply) = result { clock.heard(reply.stamp, sent: sentAt, received: present) }
            then()
        }
    }
}

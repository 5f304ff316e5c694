import Sluice
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
    }

    /// Attempts that may fail before a call does, as in the fetcher.
    private static var attempts: Int { 4 }

    func callAfterRest() {
        let rest = run.random.pick(run.scenario.rest)
        run.timeline.plan(after: rest) { [self] in whenAwake { self.call() } }
    }

    private func call() {
        guard run.timeline.now < run.scenario.length else { return }
        let deadline = present.advanced(byMicroseconds: run.random.pick(run.scenario.deadline))
        let priority: SlotPriority = run.random.happens(0.1) ? .high : run.random.happens(0.1) ? .low : .normal
        want(Call(deadline: deadline, priority: priority, wantedAt: present))
    }

    private func want(_ call: Call) {
        guard !isLeaving else { return }
        nextWaiter += 1
        let id = nextWaiter
        let now = present
        waiting[id] = call
        waiting[id]?.wantedAt = now
        if run.random.happens(run.scenario.cancelling) {
            let patience = run.random.pick(0...max(1, call.deadline.microseconds(since: now)))
            run.timeline.plan(after: patience) { [self] in whenAwake { self.cancel(id) } }
        }
        apply(.wanted(Waiter(id: id, priority: call.priority, deadline: call.deadline, arrivedAt: now, avoids: call.avoids)))
    }

    private func cancel(_ waiter: UInt64) {
        guard waiting.removeValue(forKey: waiter) != nil else { return }
        apply(.cancelled(waiter))
        callAfterRest()
    }

    // MARK: Ends of a wait

    func given(_ slot: Slot, to waiter: UInt64) {
        guard let call = end(waiter) else { return }
        run.served(place)
        if run.random.happens(run.scenario.holding) { hold(slot) } else { send(slot, call) }
    }

    func refused(_ waiter: UInt64, _ refusal: Refusal) {
        run.refused()
        run.trace { "\(self) refuses a call: \(refusal)" }
        guard end(waiter) != nil else { return }
        // A refused caller comes back after a moment.
        run.timeline.plan(after: 50_000) { [self] in whenAwake { self.callAfterRest() } }
    }

    private func end(_ waiter: UInt64) -> Call? {
        guard let call = waiting.removeValue(forKey: waiter) else {
            run.broke("waiter \(waiter) of \(self) ended twice, or after it was cancelled")
            return nil
        }
        run.waited(present.microseconds(since: call.wantedAt), self)
        // What the node could do in time: it may have been frozen over the deadline.
        let late = present.microseconds(since: call.deadline)
        if late > 5_000, run.timeline.now > frozenUntil + 5_000 {
            run.broke("a call on \(self) ended \(late / 1_000) ms after its deadline")
        }
        return call
    }

    /// Calls whose end is overdue by so much, and could have come.
    func overdue(by slack: Int64) -> Int {
        guard isAlive, run.timeline.now > frozenUntil + slack else { return 0 }
        let now = present
        return waiting.values.count { now.microseconds(since: $0.deadline) > slack }
    }

    // MARK: After an attempt

    func attemptEnded(_ call: Call, at mirror: Int, _ result: AttemptResult) {
        switch result {
        case .answered: return callAfterRest()
        case .tooLate: return want(call)
        case .refused, .failed: break
        }
        var next = call
        if result == .failed { next.failures += 1 }
        next.avoids = run.mirrors.count > 1 ? [mirror] : []
        if next.failures < Self.attempts, present < call.deadline { want(next) } else { callAfterRest() }
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

package import SluiceLoop

extension SlotCoordinator {
    /// Waits for leave to start one request.
    /// - Parameters:
    ///   - deadline: when the caller gives up.
    ///   - avoiding: mirrors, by their place in the terms, that are taken only when nothing else is in hand.
    /// - Throws: `CoordinationError`: `.noSlotInTime` at once when no slot can come before the deadline, and at the
    ///   deadline when none came; `.coordinatorUnavailable` when Redis was out of reach; `.cancelled`; `.shutDown`.
    package func acquire(
        priority: SlotPriority = .normal, deadline: Instant, avoiding: Set<Int> = []
    ) async throws(CoordinationError) -> Slot {
        let now = Instant.now
        guard !isStopped else { throw CoordinationError(code: .shutDown, message: "the pool is shut down; make a new one") }
        let ahead = queue.line.countAhead(of: priority)
        try refuseHopeless(priority: priority, ahead: ahead, deadline: deadline, now: now)
        nextWaiter += 1
        let id = nextWaiter
        queue.join(Waiter(id: id, priority: priority, deadline: deadline, arrivedAt: now, avoids: avoiding))
        // A slot in hand is a local step.
        if queue.inHand > 0, let slot = giveSlots(now: now, to: id) { return slot }
        planTurn()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Slot, CoordinationError>, Never>) in
                if Task.isCancelled, queue.leave(id) {
                    continuation.resume(returning: .failure(Self.cancelled))
                } else {
                    continuations[id] = continuation
                }
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.cancel(id) } }
        }
        return try outcome.get()
    }

    /// Says what became of a slot.
    package func finish(_ slot: Slot, _ outcome: SlotOutcome) {
        figures.inFlight -= 1
        let isUrgent = outcome == .unsent || ledger.terms.mirrors[slot.mirror].frees(atCompletion: outcome)
        book.record(outcome, of: slot.grant, urgent: isUrgent, now: .now)
        planTurn()
    }

    /// Keeps a slot whose request takes long from being taken for lost: it counts as used for another hold.
    package func extend(_ slot: Slot) {
        book.extend(slot.grant, now: .now)
        planTurn()
    }

    /// Gives the slots in hand to those who are next in turn. Returns the slot of `newcomer`, who has no continuation yet.
    @discardableResult
    func giveSlots(now: Instant, to newcomer: UInt64? = nil) -> Slot? {
        var own: Slot?
        for match in queue.matches(now: now) {
            figures.granted += 1
            figures.inFlight += 1
            if match.waiter.id == newcomer {
                own = match.slot
            } else {
                continuations.removeValue(forKey: match.waiter.id)?.resume(returning: .success(match.slot))
            }
        }
        return own
    }

    /// Ends the wait of those whose deadline has passed.
    func refuseExpired(now: Instant) {
        for waiter in queue.expired(now: now) {
            figures.refused += 1
            continuations.removeValue(forKey: waiter.id)?.resume(returning: .failure(lateness(of: waiter, now: now)))
        }
    }

    /// Hands back what nobody here wants, and what came too late to be used.
    func returnSurplus(now: Instant) {
        for (slot, count) in queue.surplus(now: now) {
            book.record(.unsent, of: slot.grant, count: count, urgent: true, now: now)
        }
    }

    private func refuseHopeless(priority: SlotPriority, ahead: Int, deadline: Instant, now: Instant) throws(CoordinationError) {
        guard queue.inHand <= ahead, let outlook else { return }
        let others = priority == .high ? 0 : outlook.waiting
        guard let earliest = outlook.earliestSlot(ahead: max(ahead, others), now: now), earliest > deadline else { return }
        figures.refused += 1
        let wait = earliest.microseconds(since: now)
        throw CoordinationError(
            code: .noSlotInTime,
            message:
                "no slot can come before the deadline: \(max(ahead, others)) calls wait already and the next free slot is \(wait / 1_000) ms away; come back then, or allow more time",
            retryAfter: wait)
    }

    private func lateness(of waiter: Waiter, now: Instant) -> CoordinationError {
        let waited = now.microseconds(since: waiter.arrivedAt) / 1_000
        if let lastFailure {
            return CoordinationError(
                code: .coordinatorUnavailable,
                message: "no slot within \(waited) ms: the pool's ledger could not be reached, so nobody may send; check Redis",
                retryAfter: 1_000_000, underlying: lastFailure)
        }
        let earliest = outlook?.earliestSlot(ahead: queue.line.count, now: now)
        return CoordinationError(
            code: .noSlotInTime, message: "no slot came within \(waited) ms; every mirror's limit is used up, or its mirror is paused",
            retryAfter: earliest?.microseconds(since: now))
    }

    private func cancel(_ id: UInt64) {
        guard queue.leave(id) else { return }
        continuations.removeValue(forKey: id)?.resume(returning: .failure(Self.cancelled))
        planTurn()
    }

    private static var cancelled: CoordinationError {
        CoordinationError(code: .cancelled, message: "the caller's task was cancelled while it waited for a slot")
    }
}

extension MirrorRules {
    /// Whether a completion can make room at once, because requests under way or a burst are capped.
    fileprivate func frees(atCompletion outcome: SlotOutcome) -> Bool { concurrency != nil || burst != nil || limits.isEmpty }
}

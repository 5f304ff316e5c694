package import SluiceLoop

extension SlotCoordinator {
    /// Waits for leave to start one request.
    /// - Parameters:
    ///   - deadline: when the caller gives up.
    ///   - avoiding: mirrors, by their place in the terms, that are taken only when nothing else is in hand.
    ///   - begun: hears by which number `raise` knows this wait.
    /// - Throws: `CoordinationError`: `.noSlotInTime` at once when no slot can come before the deadline, and at the
    ///   deadline when none came; `.coordinatorUnavailable` when Redis was out of reach; `.cancelled`; `.shutDown`.
    package func acquire(
        priority: SlotPriority = .normal, deadline: Instant, avoiding: Set<Int> = [],
        begun: @Sendable (UInt64) -> Void = { _ in }
    ) async throws(CoordinationError) -> Slot {
        let waiter = newWaiter()
        begun(waiter)
        wait(as: waiter, priority: priority, deadline: deadline, avoiding: avoiding)
        return try await outcome(of: waiter)
    }

    /// Who waits by this number is served as one of that priority from now on, if that is the higher one.
    package func raise(_ waiter: UInt64, to priority: SlotPriority) { apply(.raised(waiter, priority)) }

    /// Leave to start one request with a slot that nobody wants, or nothing: it is asked for once, and never waited for.
    /// - Throws: `CoordinationError`: `.noSlotInTime` when no slot can be spared; `.coordinatorUnavailable`; `.cancelled`; `.shutDown`.
    package func acquireSpare() async throws(CoordinationError) -> Slot {
        let waiter = newWaiter()
        apply(.wantedSpare(waiter))
        if node.hasRefusals { turn() }
        return try await outcome(of: waiter)
    }

    private func outcome(of waiter: UInt64) async throws(CoordinationError) -> Slot {
        if let outcome = early.removeValue(forKey: waiter) { return try outcome.get() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Slot, CoordinationError>, Never>) in
                waiting[waiter] = .task(continuation)
                if Task.isCancelled { cancel(waiter) }
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.cancel(waiter) } }
        }
        return try outcome.get()
    }

    /// Says what became of a slot, and how the mirror fared in it.
    package func finish(_ slot: Slot, _ outcome: SlotOutcome, _ fare: SlotFare = .unknown) { apply(.finished(slot, outcome, fare)) }

    /// Keeps a slot whose request takes long from being taken for lost: it counts as used for another hold.
    package func extend(_ slot: Slot) { apply(.extended(slot)) }

    func end(_ waiter: UInt64, _ outcome: Result<Slot, CoordinationError>) {
        if let waiting = waiting.removeValue(forKey: waiter) {
            waiting.end(outcome)
        } else {
            early[waiter] = outcome
        }
    }

    func wait(as waiter: UInt64, priority: SlotPriority, deadline: Instant, avoiding: Set<Int>) {
        apply(.wanted(Waiter(id: waiter, priority: priority, deadline: deadline, arrivedAt: .now, avoids: avoiding)))
        // A slot in hand, and a refusal, are local steps.
        if node.inHand > 0 || node.hasRefusals { serve() }
    }

    func cancel(_ waiter: UInt64) {
        // A slot that was given in the same moment reaches the caller, who hands it back.
        guard let ended = waiting.removeValue(forKey: waiter) else { return }
        apply(.cancelled(waiter))
        ended.end(
            .failure(
                CoordinationError(code: .cancelled, message: "the caller's task was cancelled while it waited for a slot")))
    }
}

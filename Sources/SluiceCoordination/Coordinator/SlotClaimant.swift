package import SluiceLoop

/// Somebody who waits for a slot without a task of the loop's own: it is told on the loop's thread.
package protocol SlotClaimant: AnyObject, Sendable {
    /// The wait is over. Called once, on the loop's thread.
    func claimEnded(_ outcome: Result<Slot, CoordinationError>)
}

extension SlotCoordinator {
    /// Begins to wait for leave to start one request, as `acquire` does; the claimant may hear of the outcome before this returns.
    /// - Returns: what `withdraw` takes.
    package func claim(priority: SlotPriority, deadline: Instant, for claimant: any SlotClaimant) -> UInt64 {
        let waiter = newWaiter()
        waiting[waiter] = .claimant(claimant)
        wait(as: waiter, priority: priority, deadline: deadline, avoiding: [])
        return waiter
    }

    /// The claimant does not want its slot any more; it is told so, unless its wait is over.
    package func withdraw(_ claim: UInt64) { cancel(claim) }
}

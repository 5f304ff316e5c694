import SluiceLoop

/// Slots that nobody wants: asked for once and had at once, or not at all, so that whoever asks is in nobody's way.
extension SlotNode {
    mutating func wantSpare(_ waiter: UInt64, now: Instant) {
        if isStopped { return effects.append(.refuse(waiter, .stopped)) }
        guard queue.line.isEmpty, (board?.waiting ?? 0) == 0, !othersWait(now: now) else {
            return effects.append(.refuse(waiter, .nothingToSpare))
        }
        spareWaiters.insert(waiter)
        let request = ReserveRequest(
            caller: id, demands: [ReserveRequest.Demand(node: id, wanted: 1, tier: SlotPriority.low.rawValue)], sparesOnly: true)
        effects.append(.reserve(request, .spare(waiter)))
    }

    mutating func spared(_ reply: ReserveReply, for waiter: UInt64, sentAt: Instant, now: Instant) {
        for grants in reply.grants { adopt(grants, of: reply.stamp.incarnation, sentAt: sentAt, now: now) }
        guard spareWaiters.remove(waiter) != nil else { return }
        // Whoever has begun to wait here meanwhile goes first.
        guard queue.inHand > queue.line.count else { return effects.append(.refuse(waiter, .nothingToSpare)) }
        // Its turn comes in this one, or it is refused in it.
        queue.join(Waiter(id: waiter, priority: .low, deadline: now, arrivedAt: now))
    }

    /// Whether the leader's last beat, or the ledger's last word, was that somebody waits.
    private func othersWait(now: Instant) -> Bool {
        guard let outlook, now.microseconds(since: outlook.at) < DemandBoard.patience else { return false }
        return outlook.waiting > 0
    }
}

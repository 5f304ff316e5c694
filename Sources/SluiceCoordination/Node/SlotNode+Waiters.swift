import SluiceLoop

/// Who waits, who starts, who is refused.
extension SlotNode {
    /// How many slots are in hand: a newcomer may be served at once.
    package var inHand: Int { queue.inHand }

    /// Whether a waiter's refusal is ready to be carried out.
    package var hasRefusals: Bool {
        effects.contains { if case .refuse = $0 { true } else { false } }
    }

    mutating func join(_ waiter: Waiter, now: Instant) {
        if isStopped {
            effects.append(.refuse(waiter.id, .stopped))
        } else if let version = rules.foreignVersion {
            effects.append(.refuse(waiter.id, .otherVersion(pool: version)))
        } else if let refusal = hopelessness(of: waiter, now: now) {
            figures.refused += 1
            effects.append(.refuse(waiter.id, refusal))
        } else {
            stock.arrived(now: now)
            queue.join(waiter)
        }
    }

    /// Gives the slots in hand to those who are next in turn.
    mutating func giveSlots(now: Instant) {
        for match in queue.matches(now: now) {
            figures.granted += 1
            figures.inFlight += 1
            began(match.slot, now: now)
            effects.append(.give(match.waiter.id, match.slot))
        }
    }

    /// Ends the wait of those whose deadline has passed.
    mutating func refuseExpired(now: Instant) {
        for waiter in queue.expired(now: now) {
            figures.refused += 1
            let waited = now.microseconds(since: waiter.arrivedAt)
            let refusal =
                isLedgerFailing
                ? Refusal.unreachable(waited: waited) : .late(waited: waited, wait: expectedWait(of: waiter.priority, now: now))
            effects.append(.refuse(waiter.id, refusal))
        }
    }

    /// Hands back what nobody here wants, and what came too late to be used.
    mutating func returnSurplus(now: Instant) {
        for (slot, count) in queue.surplus(now: now, keep: keep(now: now), all: isStopped) {
            book.record(.unsent, of: slot.grant, count: count, urgent: true, now: now)
        }
    }

    mutating func finish(_ slot: Slot, _ outcome: SlotOutcome, _ fare: SlotFare, now: Instant) {
        figures.inFlight -= 1
        ended(slot, outcome)
        let rules = rules.agreed[slot.mirror]
        let fare = reach.judged(fare, outcome, at: slot.mirror)
        // That a mirror failed is told before anybody, and who met it first of all, asks for another slot.
        book.record(
            outcome, of: slot.grant, fare: fare, urgent: outcome == .unsent || fare == .failed || rules.makesRoomAtOnce,
            by: reportTime(rules, now: now), now: now)
    }

    /// Until when a completion may wait for others; nil: no longer than usual. It takes its age along, so it comes back no later for that; where
    /// much happens it waits longer, but within the window, and where plenty is free until all nodes report.
    func reportTime(_ rules: MirrorRules, now: Instant) -> Instant? {
        guard let window = rules.limits.first?.window else { return nil }
        let isSteady = stock.isSteady(now: now)
        guard outlook?.isPlenty == true, holdsStock(now: now) else {
            return isSteady ? now.advanced(byMicroseconds: max(SettleBook.patience, min(200_000, window / 4))) : nil
        }
        let most = min(SettleBook.longestPatience, window * 9 / 10)
        guard most >= SettleBook.longestPatience else { return now.advanced(byMicroseconds: max(SettleBook.patience, most)) }
        return tick.next(after: now.advanced(byMicroseconds: most - LedgerTick.period))
    }

    mutating func stop(now: Instant) {
        guard !isStopped else { return }
        isStopped = true
        for waiter in queue.removeEverybody() { effects.append(.refuse(waiter.id, .stopped)) }
        for waiter in spareWaiters.sorted() { effects.append(.refuse(waiter, .stopped)) }
        spareWaiters = []
        returnSurplus(now: now)
        perform(election?.stop() ?? [], now: now)
    }

    private mutating func hopelessness(of waiter: Waiter, now: Instant) -> Refusal? {
        guard let outlook, queue.inHand <= queue.line.count else { return nil }
        // With everybody before him it would still come in time: where he stands need not be counted.
        let everybody = max(queue.line.count, waiter.priority == .low ? outlook.waiting : 0)
        if let latest = outlook.earliestSlot(ahead: everybody, now: now), latest <= waiter.deadline { return nil }
        let here = queue.line.countAhead(of: waiter)
        guard queue.inHand <= here else { return nil }
        // Who waits elsewhere may be less urgent, and each node has its fair share: only the least urgent wait for all.
        let ahead = max(here, waiter.priority == .low ? outlook.waiting : 0)
        guard let earliest = outlook.earliestSlot(ahead: ahead, now: now), earliest > waiter.deadline else { return nil }
        let wait = max(earliest.microseconds(since: now), expectedWait(of: waiter.priority, now: now))
        return .hopeless(ahead: ahead, wait: wait)
    }
}

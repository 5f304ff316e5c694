package import SluiceLoop

/// Slots that are taken and given back on the caller's own thread.
extension SlotCoordinator {
    // MARK: From any thread

    /// Leave to start one request, if a slot is within reach; `giveBack` must follow. Until then the slot is renewed.
    package nonisolated func takeAtOnce(now: Instant) -> HeldSlot? {
        guard let (held, isNews) = shelf.take(now: now) else { return nil }
        if isNews { loop.execute { self.assumeIsolated { $0.lookSoon() } } }
        return held
    }

    /// Holds a slot that came by `claim`, and renews it; `giveBack` must follow. Call it on the loop's thread.
    package func hold(_ slot: Slot) -> HeldSlot {
        let now = Instant.now
        if renewAt == nil {
            let instant = now.advanced(byMicroseconds: SlotHolds.interval)
            renewAt = instant
            setTimer(noLaterThan: instant)
        }
        return shelf.hold(slot, now: now)
    }

    /// The request in a slot has ended.
    /// - Returns: whether it was the last slot that is held, after `closeShelf`.
    package nonisolated func giveBack(_ held: HeldSlot, at instant: Instant, _ fare: SlotFare) -> Bool {
        let (isNews, isLast) = shelf.giveBack(held, at: instant, fare)
        if held.isAwaited {
            loop.execute { self.assumeIsolated { $0.planTurn() } }
        } else if isNews {
            loop.execute { self.assumeIsolated { $0.lookSoon() } }
        }
        return isLast
    }

    /// Nothing is within reach any more.
    package nonisolated func closeShelf() { shelf.close() }

    /// How many slots are held.
    package nonisolated var heldCount: Int { shelf.heldCount }

    // MARK: On the loop's thread

    private func lookSoon() {
        if node.isStopped { return planTurn() }
        guard lookAt == nil else { return }
        let instant = Instant.now.advanced(byMicroseconds: shelfPause)
        lookAt = instant
        setTimer(noLaterThan: instant)
    }

    /// Tells the node what has happened on the shelf, which is bare then.
    func clearShelf() {
        let tally = shelf.clear()
        lookAt = nil
        if !tally.isEmpty { node.apply(.cleared(tally), now: .now) }
    }

    /// Renews what has been held for long. Where nothing was held at the last turn, nothing has been.
    func renewHolds(now: Instant) {
        if let renewAt {
            guard now >= renewAt else { return }
            for slot in shelf.dueHolds(now: now) { node.apply(.extended(slot), now: now) }
        }
        renewAt = shelf.heldCount > 0 ? now.advanced(byMicroseconds: SlotHolds.interval) : nil
    }

    /// Lays out what the node holds ahead, unless it has something to decide first.
    func layOut(now: Instant) {
        guard !isTurnPlanned else { return }
        let lots = node.layOut(now: now)
        if !lots.isEmpty { shelf.layOut(lots, isWatched: lookAt != nil) }
    }
}

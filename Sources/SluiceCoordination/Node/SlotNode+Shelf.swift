package import SluiceLoop

/// Slots that are within every thread's reach until the node next decides something.
extension SlotNode {
    /// Takes what is held ahead out of the hand, to be laid out; `cleared` must follow before the node decides anything. Nothing while somebody
    /// waits.
    package mutating func layOut(now: Instant) -> [ShelfTally.Lot] {
        guard laysOut(now: now) else { return [] }
        return queue.takeOut().map { ShelfTally.Lot($0, isAwaited: rules.agreed[$0.mirror].makesRoomAtOnce) }
    }

    /// Whether so much is taken of what is laid out that it is worth a look in any case.
    package func isShelfBusy(now: Instant) -> Bool { laysOut(now: now) && stock.isSteady(now: now) }

    private func laysOut(now: Instant) -> Bool {
        inHand > 0 && queue.line.isEmpty && !isStopped && rules.foreignVersion == nil && holdsStock(now: now)
    }

    /// What was laid out comes back, with word of what was taken and what has ended meanwhile.
    mutating func cleared(_ tally: ShelfTally, now: Instant) {
        for lot in tally.lots where lot.taken > 0 {
            figures.granted += lot.taken
            figures.inFlight += lot.taken
            stock.arrived(lot.taken, now: now)
            began(lot.batch.slot, now: lot.takenAt)
        }
        queue.putBack(tally.lots.map(\.batch).filter { $0.count > 0 })
        for ended in tally.returns {
            figures.inFlight -= ended.count
            self.ended(ended.slot, .completed(ended.since))
            let rules = rules.agreed[ended.slot.mirror]
            _ = reach.judged(ended.fare, .completed(ended.at), at: ended.slot.mirror)
            // The time that a report may wait began when its requests ended.
            let since = min(ended.since, now)
            let latest = reportTime(rules, now: since) ?? since.advanced(byMicroseconds: SettleBook.patience)
            book.record(
                .completed(ended.at), of: ended.slot.grant, count: ended.count, fare: ended.fare,
                urgent: ended.fare == .failed || rules.makesRoomAtOnce, by: latest, now: now)
        }
    }
}

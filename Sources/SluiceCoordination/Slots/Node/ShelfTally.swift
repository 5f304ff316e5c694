package import SluiceLoop

/// What happened to slots that were within every thread's reach, as a pure value.
package struct ShelfTally: Sendable {
    /// Slots of one grant that were laid out.
    package struct Lot: Sendable {
        /// With what is left of them.
        package internal(set) var batch: SlotBatch
        /// Whether the end of each request should be known at once, since it makes room.
        let isAwaited: Bool
        package internal(set) var taken = 0
        /// When the first was taken.
        package internal(set) var takenAt = Instant.distantFuture

        package init(_ batch: SlotBatch, isAwaited: Bool = false) {
            self.batch = batch
            self.isAwaited = isAwaited
        }
    }

    /// Slots that were given back one after another and fared alike.
    package struct Return: Sendable {
        package let slot: Slot
        package let fare: SlotFare
        package internal(set) var count: Int
        /// When the first request had ended.
        package internal(set) var since: Instant
        /// When all had: so much later some of them count as over, which errs on the safe side.
        package internal(set) var at: Instant
    }

    package private(set) var lots: [Lot] = []
    package private(set) var returns: [Return] = []
    /// Of the lots before this one nothing can be taken any more.
    private var front = 0

    package init() {}

    /// Whether there is nothing to tell, and nothing to take.
    package var isEmpty: Bool { lots.isEmpty && returns.isEmpty }

    /// These can be taken from now on, after what is there.
    package mutating func layOut(_ new: [Lot]) { lots.append(contentsOf: new) }

    /// Takes a slot whose time is not over; nil when there is none.
    package mutating func take(now: Instant) -> (slot: Slot, isAwaited: Bool)? {
        while front < lots.count {
            if lots[front].batch.count > 0, now < lots[front].batch.sendBy {
                lots[front].batch.count -= 1
                lots[front].taken += 1
                lots[front].takenAt = min(lots[front].takenAt, now)
                return (lots[front].batch.slot, lots[front].isAwaited)
            }
            front += 1
        }
        return nil
    }

    /// The request in a slot has ended.
    package mutating func giveBack(_ slot: Slot, at instant: Instant, _ fare: SlotFare) {
        guard let last = returns.last, last.slot == slot, last.fare == fare else {
            return returns.append(Return(slot: slot, fare: fare, count: 1, since: instant, at: instant))
        }
        returns[returns.count - 1].count += 1
        returns[returns.count - 1].since = min(last.since, instant)
        returns[returns.count - 1].at = max(last.at, instant)
    }
}

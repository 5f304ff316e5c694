package import SluiceLoop
import Synchronization

/// Slots within every thread's reach: taking one and giving it back costs a lock, and no change of thread.
///
/// The coordinator lays out what its node holds ahead whenever nobody waits, and clears the shelf before the node decides anything. Whoever is
/// the first to take or to give back after that has to let the coordinator know: it looks soon. Where requests keep coming it looks again and again
/// without being told.
package final class SlotShelf: Sendable {
    private struct State {
        var tally = ShelfTally()
        var holds = SlotHolds()
        /// Whether the coordinator knows that something has happened.
        var isNoticed = false
        var isClosed = false

        /// Whether somebody has to let the coordinator know.
        mutating func notices() -> Bool {
            defer { isNoticed = true }
            return !isNoticed
        }
    }

    private let state = Mutex(State())

    package init() {}

    // MARK: From any thread

    /// A slot, if there is one.
    /// - Returns: also whether the coordinator has to be told.
    package func take(now: Instant) -> (held: HeldSlot, isNews: Bool)? {
        state.withLock { state in
            guard !state.isClosed, let (slot, isAwaited) = state.tally.take(now: now) else { return nil }
            return (HeldSlot(slot: slot, isAwaited: isAwaited, place: state.holds.add(slot, now: now)), state.notices())
        }
    }

    /// Somebody holds a slot that he got otherwise.
    package func hold(_ slot: Slot, now: Instant) -> HeldSlot {
        state.withLock { HeldSlot(slot: slot, isAwaited: true, place: $0.holds.add(slot, now: now)) }
    }

    /// The request in a slot has ended.
    /// - Returns: whether the coordinator has to be told, and whether it was the last that was held, after the end of all taking.
    package func giveBack(_ held: HeldSlot, at instant: Instant, _ fare: SlotFare) -> (isNews: Bool, isLast: Bool) {
        state.withLock { state in
            state.holds.remove(held.place)
            state.tally.giveBack(held.slot, at: instant, fare)
            return (state.notices(), state.isClosed && state.holds.isEmpty)
        }
    }

    /// Nothing can be taken any more; what is held can be given back.
    package func close() { state.withLock { $0.isClosed = true } }

    /// How many slots are held.
    package var heldCount: Int { state.withLock { $0.holds.count } }

    // MARK: From the coordinator

    /// Puts slots within reach.
    /// - Parameter isWatched: whether the coordinator is going to look in any case, so that nobody has to tell it.
    package func layOut(_ lots: [ShelfTally.Lot], isWatched: Bool = false) {
        state.withLock { state in
            state.tally.layOut(lots)
            if isWatched { state.isNoticed = true }
        }
    }

    /// Takes everything off, with word of what has happened.
    package func clear() -> ShelfTally {
        state.withLock { state in
            var tally = ShelfTally()
            swap(&tally, &state.tally)
            state.isNoticed = false
            return tally
        }
    }

    /// The held slots that are to be renewed, which count as renewed from now on.
    package func dueHolds(now: Instant) -> [Slot] { state.withLock { $0.holds.due(now: now) } }
}

/// A slot that somebody holds who has a client of his own.
package struct HeldSlot: Sendable {
    package let slot: Slot
    /// Whether its end should be known at once, since others may wait for it: it was not within reach, or it makes room at once.
    let isAwaited: Bool
    /// Among all that are held.
    fileprivate let place: Int
}

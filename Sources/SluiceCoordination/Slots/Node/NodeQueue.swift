package import SluiceLoop

/// One node's waiters and the slots it has in hand, as a pure value: brings the two together.
///
/// Slots come in as grants; waiters come and go; `matches` says who starts now. What is in hand and wanted by nobody is
/// handed back after `keep`.
package struct NodeQueue: Sendable {
    /// A waiter and the slot that it got.
    package struct Match: Hashable, Sendable {
        package let waiter: Waiter
        package let slot: Slot
    }

    /// How long a slot that nobody on this node wants is kept before it goes back, in microseconds.
    package static let keep: Int64 = 4_000

    package private(set) var line = WaitingLine()
    private var hand: [SlotBatch] = []

    package init() {}

    /// How many slots are in hand.
    package var inHand: Int { hand.reduce(0) { $0 + $1.count } }

    /// How many waiters no slot in hand can serve.
    package var unmet: Int { max(0, line.count - inHand) }

    package mutating func join(_ waiter: Waiter) { line.insert(waiter) }

    /// A cancelled waiter gives its place up; false when it was not waiting (any more).
    package mutating func leave(_ id: UInt64) -> Bool { line.remove(id) }

    /// A waiter's slot has become more urgent.
    package mutating func raise(_ id: UInt64, to priority: SlotPriority) { line.raise(id, to: priority) }

    /// Slots of one grant arrived.
    package mutating func receive(mirror: Int, grant: GrantKey, count: Int, sendBy: Instant, now: Instant) {
        guard count > 0 else { return }
        hand.append(SlotBatch(mirror: mirror, grant: grant, sendBy: sendBy, arrivedAt: now, count: count))
    }

    /// Takes everything out of the hand.
    package mutating func takeOut() -> [SlotBatch] {
        var out: [SlotBatch] = []
        swap(&out, &hand)
        return out
    }

    /// Puts back what was taken out, before what has come since.
    package mutating func putBack(_ batches: [SlotBatch]) { hand.insert(contentsOf: batches, at: 0) }

    /// Gives slots to waiters, in turn, until one of the two runs out.
    package mutating func matches(now: Instant) -> [Match] {
        line.age(now: now)
        var given: [Match] = []
        while !line.isEmpty, let index = hand.firstIndex(where: { now < $0.sendBy }) {
            guard let waiter = line.next(for: hand[index].mirror) else { break }
            var chosen = index
            if waiter.avoids.contains(hand[index].mirror),
                let other = hand.firstIndex(where: { now < $0.sendBy && !waiter.avoids.contains($0.mirror) })
            {
                chosen = other
            }
            let batch = hand[chosen]
            given.append(Match(waiter: waiter, slot: batch.slot))
            hand[chosen].count -= 1
            if hand[chosen].count == 0 { hand.remove(at: chosen) }
        }
        return given
    }

    /// Takes out the slots that have to go back: too late to be used, or unwanted for longer than `keep` (all, when `all`).
    package mutating func surplus(now: Instant, keep: Int64 = Self.keep, all: Bool = false) -> [(slot: Slot, count: Int)] {
        var back: [(slot: Slot, count: Int)] = []
        hand.removeAll { batch in
            let isUnwanted = line.isEmpty && now.microseconds(since: batch.arrivedAt) >= keep
            guard all || isUnwanted || now >= batch.sendBy else { return false }
            back.append((batch.slot, batch.count))
            return true
        }
        return back
    }

    /// Takes out everybody whose deadline has passed.
    package mutating func expired(now: Instant) -> [Waiter] { line.removeExpired(now: now) }

    /// Takes everybody out, at the node's end.
    package mutating func removeEverybody() -> [Waiter] { line.removeAll() }

    /// When something is next to be done about deadlines or surplus slots.
    package mutating func nextStep(keep: Int64 = Self.keep) -> Instant? {
        var next = line.earliestDeadline()
        for batch in hand {
            let due = min(batch.sendBy, line.isEmpty ? batch.arrivedAt.advanced(byMicroseconds: keep) : batch.sendBy)
            next = min(next ?? due, due)
        }
        return next
    }
}

package import SluiceLoop

/// Somebody on this node who wants one slot.
package struct Waiter: Hashable, Sendable {
    /// Unique on this node, in order of arrival.
    package let id: UInt64
    package let priority: SlotPriority
    /// When the caller gives up.
    package let deadline: Instant
    package let arrivedAt: Instant
    /// Mirrors, by their place in the terms, that this caller has just failed at, and takes again only when nothing else is in hand.
    package let avoids: Set<Int>

    package init(id: UInt64, priority: SlotPriority, deadline: Instant, arrivedAt: Instant, avoids: Set<Int> = []) {
        self.id = id
        self.priority = priority
        self.deadline = deadline
        self.arrivedAt = arrivedAt
        self.avoids = avoids
    }
}

extension Waiter: Comparable {
    /// Who starts first: the earlier deadline, then the earlier arrival.
    package static func < (left: Waiter, right: Waiter) -> Bool {
        left.deadline == right.deadline ? left.id < right.id : left.deadline < right.deadline
    }
}

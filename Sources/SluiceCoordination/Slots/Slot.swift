package import SluiceLoop

/// A grant's name on this node. Its number alone identifies it: no two lives of the ledger's data share one.
package struct GrantKey: Hashable, Comparable, Sendable {
    /// Counts the incarnations that this node has met.
    package let life: Int
    /// The grant's number in that incarnation.
    package let number: Int64

    package init(life: Int, number: Int64) {
        self.life = life
        self.number = number
    }

    package static func < (left: GrantKey, right: GrantKey) -> Bool {
        left.number < right.number
    }

    package static func == (left: GrantKey, right: GrantKey) -> Bool { left.number == right.number }

    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
}

/// Leave to start one request at one mirror, until an instant.
package struct Slot: Hashable, Sendable {
    /// The mirror's place in the terms.
    package let mirror: Int
    /// The grant that the slot belongs to.
    package let grant: GrantKey
    /// The request's first byte must leave before this instant; after it the slot is worthless.
    package let sendBy: Instant

    package init(mirror: Int, grant: GrantKey, sendBy: Instant) {
        self.mirror = mirror
        self.grant = grant
        self.sendBy = sendBy
    }
}

/// What became of a slot.
package enum SlotOutcome: Hashable, Sendable {
    /// The mirror may have counted a request, no later than this instant.
    case completed(Instant)
    /// Provably no request left.
    case unsent
}

package import SluiceLoop

/// A grant's name on this node: numbers are unique only within one life of the ledger's data.
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
        left.life == right.life ? left.number < right.number : left.life < right.life
    }
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

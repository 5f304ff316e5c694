package import SluiceLoop

/// Slots of one grant that a node has in hand.
package struct SlotBatch: Hashable, Sendable {
    package let mirror: Int
    package let grant: GrantKey
    package let sendBy: Instant
    package let arrivedAt: Instant
    package var count: Int

    package init(mirror: Int, grant: GrantKey, sendBy: Instant, arrivedAt: Instant, count: Int) {
        self.mirror = mirror
        self.grant = grant
        self.sendBy = sendBy
        self.arrivedAt = arrivedAt
        self.count = count
    }

    package var slot: Slot { Slot(mirror: mirror, grant: grant, sendBy: sendBy) }
}

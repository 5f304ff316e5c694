/// Slots of one mirror that the ledger recorded for one node.
package struct Grant: Hashable, Sendable {
    /// The mirror's place in the terms.
    package var mirror: Int
    /// The grant's name in the ledger, below 2^48; never used twice.
    package var number: Int64
    /// How many slots, at least 1.
    package var count: Int64

    package init(mirror: Int, number: Int64, count: Int64) {
        self.mirror = mirror
        self.number = number
        self.count = count
    }
}

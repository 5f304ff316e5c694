/// A node's report of what became of its slots.
package struct SettleRequest: Hashable, Sendable {
    /// Some slots of one grant. An entry is carried out whole or not at all.
    ///
    /// When the fate of a call is unknown, repeat its entries unchanged but for the ages, and put what has
    /// happened since into further entries behind them: that is what makes a repetition harmless.
    package struct Entry: Hashable, Sendable {
        /// The mirror's place in the terms.
        package var mirror: Int
        /// The grant's number.
        package var number: Int64
        /// The incarnation that made the grant.
        package var incarnation: String
        /// Slots of the grant that no earlier entry reported. The ledger skips the entry when it holds fewer:
        /// then this one, or a later one, is in already.
        package var remaining: Int64
        /// For each completed request, µs from its completion until this call is sent. Negative: it counts as
        /// completed only in the future (a request that was cut off, and that the network may still deliver).
        package var completed: Runs<Int64>
        /// Slots whose requests were provably never sent: free at once.
        package var unsent: Int64
        /// How many of all these slots' requests were answered, how many failed, sent or not, and how many could not leave, from a node that may
        /// be cut off itself. Of the others nothing is known of how the mirror fared.
        package var answered: Int64
        package var failed: Int64
        package var unreached: Int64
        /// The median time that the answers took, in µs; nil when there are none.
        package var latency: Int64?
        /// The slots that still remain may be sent for so many µs more; nil: their time is not renewed.
        package var extend: Int64?

        package init(
            mirror: Int, number: Int64, incarnation: String, remaining: Int64, completed: Runs<Int64> = [], unsent: Int64 = 0,
            answered: Int64 = 0, failed: Int64 = 0, unreached: Int64 = 0, latency: Int64? = nil, extend: Int64? = nil
        ) {
            self.answered = answered
            self.failed = failed
            self.unreached = unreached
            self.latency = latency
            self.mirror = mirror
            self.number = number
            self.incarnation = incarnation
            self.remaining = remaining
            self.completed = completed
            self.unsent = unsent
            self.extend = extend
        }
    }

    package var node: NodeID
    /// Of the same grant, in the order in which things happened.
    package var entries: [Entry]

    package init(node: NodeID, entries: [Entry]) {
        self.node = node
        self.entries = entries
    }
}

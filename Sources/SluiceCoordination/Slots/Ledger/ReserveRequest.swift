/// A wish for slots: by the leader for all nodes, or by a node for itself.
package struct ReserveRequest: Hashable, Sendable {
    /// What one node wants.
    package struct Demand: Hashable, Sendable {
        package var node: NodeID
        /// Slots, at any mirrors; 0 is allowed and gets none.
        package var wanted: Int64
        /// Lower tiers are served to the full before higher ones get any.
        package var tier: Int
        /// Comes back in the grant's message: the node's own mark of the demand that it answers.
        package var stamp: Int64
        /// The number of the message that this node gets next from this caller, by which it notices a gap.
        package var sequence: Int64

        package init(node: NodeID, wanted: Int64, tier: Int = 0, stamp: Int64 = 0, sequence: Int64 = 0) {
            self.node = node
            self.wanted = wanted
            self.tier = tier
            self.stamp = stamp
            self.sequence = sequence
        }
    }

    package var caller: NodeID
    /// The caller's fencing token; nil: the caller reserves for itself and leads nobody.
    package var epoch: Int64?
    /// In the order in which nodes of one tier take the odd slot: those first that had the fewest. At most 4,096.
    package var demands: [Demand]
    /// Without an epoch: give nothing while a leader lives and others wait with it.
    package var yieldsToLeader: Bool
    /// Without an epoch: give only what nobody wants. Nothing while the leader's last word is that somebody waits, and only from mirrors
    /// that have more than a quarter of each limit left.
    package var sparesOnly: Bool

    package init(caller: NodeID, epoch: Int64? = nil, demands: [Demand], yieldsToLeader: Bool = false, sparesOnly: Bool = false) {
        self.caller = caller
        self.epoch = epoch
        self.demands = demands
        self.yieldsToLeader = yieldsToLeader
        self.sparesOnly = sparesOnly
    }
}

/// What a node tells the leader: how many slots it wants. A level, not an event: each message replaces the one before.
///
/// Published on `demand`; text: `D1 NODE EPOCH SEQUENCE STAMP HIGH NORMAL LOW AHEAD TERMS`, see `TermsMark`.
package struct DemandMessage: Hashable, Sendable {
    package var node: NodeID
    /// The epoch of the leader that is addressed; 0 when none was heard of.
    package var epoch: Int64
    /// The last grant message of that epoch that the node has received; what came after it is still under way.
    package var sequence: Int64
    /// The node's mark of this demand: its own clock when it was sent. It comes back with the grant.
    package var stamp: Int64
    /// How many slots are wanted beyond what is in hand: for those who wait in each tier, the most urgent first, and last of all those
    /// to be held ahead, for which nobody waits yet.
    package var wanted: [Int]
    /// What the node is configured with; nil when it does not say.
    package var terms: TermsMark?

    /// The tier of what is to be held ahead.
    package static let ahead = SlotPriority.allCases.count
    package static let nothing = [Int](repeating: 0, count: ahead + 1)
    /// No demand is like this one: whatever is wanted must be said.
    static let unknown = [Int](repeating: -1, count: ahead + 1)

    /// The sequence of a node that knows of every grant there is.
    package static let everySequence: Int64 = TextFields.largest

    package init(node: NodeID, epoch: Int64, sequence: Int64, stamp: Int64, wanted: [Int], terms: TermsMark? = nil) {
        self.node = node
        self.epoch = epoch
        self.sequence = sequence
        self.stamp = stamp
        self.wanted = wanted
        self.terms = terms
    }

    package var text: String { wanted.reduce("D1 \(node) \(epoch) \(sequence) \(stamp)") { "\($0) \($1)" } + " \(terms?.text ?? "-")" }

    /// Nil when the payload is no such message.
    package init?(payload: [UInt8]) {
        guard var fields = TextFields(payload, version: "D1", count: 8), let node = fields.text().flatMap(NodeID.init(text:)),
            let epoch = fields.number(), let sequence = fields.number(), let stamp = fields.number(),
            let high = fields.count(), let normal = fields.count(), let low = fields.count(), let ahead = fields.count()
        else { return nil }
        self.init(
            node: node, epoch: epoch, sequence: sequence, stamp: stamp, wanted: [high, normal, low, ahead],
            terms: fields.text().flatMap(TermsMark.init(text:)))
    }
}

/// What a node tells the leader: how many wait on it. A level, not an event: each message replaces the one before.
///
/// Published on `demand`; text: `D1 NODE EPOCH SEQUENCE STAMP HIGH NORMAL LOW`.
package struct DemandMessage: Hashable, Sendable {
    package var node: NodeID
    /// The epoch of the leader that is addressed; 0 when none was heard of.
    package var epoch: Int64
    /// The last grant message of that epoch that the node has received; what came after it is still under way.
    package var sequence: Int64
    /// The node's mark of this demand: its own clock when it was sent. It comes back with the grant.
    package var stamp: Int64
    /// How many wait in each tier, the most urgent first, beyond what is in hand.
    package var waiting: [Int]

    /// The sequence of a node that knows of every grant there is.
    package static let everySequence: Int64 = TextFields.largest

    package init(node: NodeID, epoch: Int64, sequence: Int64, stamp: Int64, waiting: [Int]) {
        self.node = node
        self.epoch = epoch
        self.sequence = sequence
        self.stamp = stamp
        self.waiting = waiting
    }

    package var text: String { "D1 \(node) \(epoch) \(sequence) \(stamp) \(waiting[0]) \(waiting[1]) \(waiting[2])" }

    /// Nil when the payload is no such message.
    package init?(payload: [UInt8]) {
        guard var fields = TextFields(payload, version: "D1", count: 7), let node = fields.text().flatMap(NodeID.init(text:)),
            let epoch = fields.number(), let sequence = fields.number(), let stamp = fields.number(),
            let high = fields.count(), let normal = fields.count(), let low = fields.count()
        else { return nil }
        self.init(node: node, epoch: epoch, sequence: sequence, stamp: stamp, waiting: [high, normal, low])
    }
}

import SluiceLoop

/// What the leader is thought to know of this node's waiters.
struct DemandState: Sendable {
    /// What the leader still has in mind, by tier; see `DemandMessage`.
    var believed = DemandMessage.nothing
    var publishedAt = Instant(microseconds: .min)
    /// Whether anybody waited when the node last looked.
    var isWaiting = false
    /// The last grant message of `epoch` that arrived.
    var sequence: Int64 = 0
    var epoch: Int64 = 0
    /// When a grant last arrived, or when the node last began to wait.
    var lastProgress = Instant(microseconds: .min)
    var lastPull = Instant(microseconds: .min)
    /// A pull has shown every grant that there is: the leader need not count on any message still to arrive.
    var hasPulled = false

    /// Grants have arrived: the leader counts so many of its picture as served, the most urgent first.
    mutating func served(_ count: Int) {
        var rest = count
        for tier in believed.indices {
            let part = min(rest, believed[tier])
            believed[tier] -= part
            rest -= part
        }
    }
}

/// How the node reserves for itself.
struct DirectState: Sendable {
    var isReserving = false
    /// Asking before this is pointless.
    var nextAt = Instant(microseconds: .min)
    /// The ledger said to queue with the leader until then.
    var yieldsUntil = Instant(microseconds: .min)
    /// Whether it is known who leads, or that nobody does.
    var mayStart = false
    /// How many nodes the pool has, for a fair share.
    var liveNodes = 1
}

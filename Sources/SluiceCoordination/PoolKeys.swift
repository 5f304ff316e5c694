/// The names of a pool's keys and channels in Redis.
///
/// All carry the hash tag `{pool}`, so that a cluster keeps them together and one script may use them all.
package struct PoolKeys: Sendable, Hashable {
    /// What every key of the pool begins with.
    package let prefix: String

    package init(pool: String) { prefix = "sluice:{\(pool)}:" }

    /// The hash that holds the slot ledger.
    package var ledger: String { prefix + "ledger" }
    /// The string that names the node which holds the lease.
    package var leader: String { prefix + "leader" }
    /// The fencing token of the latest election.
    package var epoch: String { prefix + "epoch" }
    /// The channel on which a node hears of its grants.
    package func grants(to node: NodeID) -> String { prefix + "node:" + node.text }
    /// The channel that tells the leader that a slot came free before its time.
    package var leaderWake: String { prefix + "leader:wake" }
}

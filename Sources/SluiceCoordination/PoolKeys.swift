/// The names of a pool's keys and channels in Redis.
///
/// All carry the hash tag `{pool}`, so that a cluster keeps them together and one script may use them all.
package struct PoolKeys: Sendable, Hashable {
    /// What every key of the pool begins with.
    package let prefix: String
    /// What its channels have behind that: Redis keeps the keys of its databases apart, but not what is published.
    package let scope: String

    /// - Parameter database: the number of the Redis database that the keys are in.
    package init(pool: String, database: Int = 0) {
        prefix = "sluice:{\(pool)}:"
        scope = database == 0 ? "" : "@\(database):"
    }

    /// The hash that holds the slot ledger.
    package var ledger: String { prefix + "ledger" }
    /// The string that names the node which holds the lease.
    package var leader: String { prefix + "leader" }
    /// The fencing token of the latest election.
    package var epoch: String { prefix + "epoch" }
    /// The sorted set of nodes by their last sign of life.
    package var nodes: String { prefix + "nodes" }
    /// The hash of what the leader says of itself.
    package var leaderMetrics: String { prefix + "metrics:leader" }
    /// The hash of one mirror's figures.
    package func mirrorMetrics(_ name: String) -> String { prefix + "metrics:mirror:" + name }
    /// The hash of one node's figures.
    package func nodeMetrics(_ node: String) -> String { prefix + "metrics:node:" + node }
}

extension PoolKeys {
    /// The channel of the leader's beats and farewells.
    package var beat: String { prefix + "beat" }
    /// The channel on which nodes tell the leader how many wait.
    package var demand: String { prefix + "demand" }
    /// The sorted set of nodes by their last sign of life.
    package var nodes: String { prefix + "nodes" }
    /// The hash of what the leader says of itself.
    package var leaderMetrics: String { prefix + "metrics:leader" }
    /// The hash of one mirror's figures.
    package func mirrorMetrics(_ name: String) -> String { prefix + "metrics:mirror:" + name }
    /// The hash of one node's figures.
    package func nodeMetrics(_ node: String) -> String { prefix + "metrics:node:" + node }
}

/// What the members of a pool say to each other. Nobody hears members in another database: theirs is another ledger.
extension PoolKeys {
    private var channels: String { prefix + scope }

    /// The channel of the leader's beats and farewells.
    package var beat: String { channels + "beat" }
    /// The channel on which nodes tell the leader how many wait.
    package var demand: String { channels + "demand" }
    /// The channel that tells the leader that a slot came free before its time.
    package var leaderWake: String { channels + "leader:wake" }
    /// The channel on which a node hears of its grants.
    package func grants(to node: NodeID) -> String { channels + "node:" + node.text }
    /// What the channel begins with on which a node hears of permits given to it; the node's name follows.
    package var permitChannel: String { channels + "permit:" }
}

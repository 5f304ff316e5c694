package import SluiceLoop

/// What a node counts of its own coordination, for its metrics.
package struct CoordinatorFigures: Hashable, Sendable {
    /// `leader`, `follower`, `direct` or `embedded`.
    package var role = "follower"
    package var epoch: Int64 = 0
    package var waiting = 0
    package var inFlight = 0
    /// Slots that waiters of this node were given.
    package var granted = 0
    /// Waiters that were refused because no slot could come in time.
    package var refused = 0
    /// Since when this node leads; nil when it does not.
    package var leadsSince: Instant?
    /// How often this node took the lease.
    package var elections = 0
    /// While this node leads: waiters in the whole pool, slots and grants handed out under this lease.
    package var poolWaiting = 0
    package var leaderGranted = 0
    package var leaderGrants = 0
    /// How the members of the pool are configured, for each mirror; empty until it is known.
    package var rules: [Rules] = []

    /// One mirror's rules.
    package struct Rules: Hashable, Sendable {
        /// What this node is configured with.
        package let own: MirrorRules
        /// What counts: the strictest.
        package let agreed: MirrorRules
        /// What other nodes are configured with, where that is something else.
        package let others: [MirrorRules]

        package init(own: MirrorRules, agreed: MirrorRules, others: [MirrorRules]) {
            self.own = own
            self.agreed = agreed
            self.others = others
        }
    }

    package init() {}
}

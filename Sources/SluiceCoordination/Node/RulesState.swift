import SluiceLoop

/// What a node knows of how the members of its pool are configured, and whether they let it take part.
struct RulesState: Sendable {
    /// What counts for each mirror: the strictest that any member is configured with.
    var agreed: [MirrorRules]
    /// What members are configured with, for each mirror.
    var announced: [Announcements] = []
    let mark: TermsMark
    /// Whether the leader is configured with other mirrors or a shorter time-out, so that it cannot grant what we could use. Then this
    /// node reserves for itself.
    var leaderHasOthers = false
    /// Whether the ledger has let this node in.
    var isAdmitted: Bool
    /// The version of the ledger, when this node speaks another one.
    var foreignVersion: Int64?
    /// Until then every grant is surely held to this node's configuration.
    var bindsUntil = Instant(microseconds: .min)
    var nextAt: Instant
    var isAsking = false

    /// How often a node says what it is configured with, in µs.
    static let interval: Int64 = 10_000_000
    /// How much sooner a node takes its announcement for lapsed than the ledger does, in µs.
    static let margin: Int64 = 2_000_000
    /// Before a failed call is repeated, in µs.
    static let patience: Int64 = 100_000
    /// Many hear at once that something has changed: they ask within this time, in µs.
    static let spread: Int64 = 200_000
}

import SluiceLoop

/// Where a node stands in remembering the ledger, and in telling what it remembers.
struct MusterState: Sendable {
    /// A muster that this node has heard of and that has not ended, as far as it knows.
    struct Current: Sendable {
        var incarnation: String
        var notice: MusterNotice
        /// When it may be ended.
        var until: Instant
        /// For how long from then on this node leaves that to others, in microseconds.
        let turn: Int64
        /// When this node tries to end it.
        var endsAt: Instant { until.advanced(byMicroseconds: turn) }
        /// When to speak; nil once the ledger has what there is to tell.
        var speaksAt: Instant?
    }

    var memory: NodeMemory
    var current: Current?
    /// What is asked of the ledger and not answered.
    var isSpeaking = false
    var isGathering = false
    var isCopying = false
    var nextCopy: Instant

    /// About how often a node fetches a copy when it is alone, in microseconds, before that is moved to a tick; with many, each does so less often.
    static let interval: Int64 = 1_000_000
    /// About so many copies a second are enough for a pool; they fall on ticks.
    static let copiesPerSecond = 4
    /// Nodes end a muster one after another, this far apart on average, in microseconds: whoever does gets all that all of them remember.
    static let spacing: Int64 = 3_000
    /// The last of them after so many microseconds, however many there are.
    static let longestTurn: Int64 = 500_000
    /// Before a failed call is repeated.
    static let patience: Int64 = 100_000
}

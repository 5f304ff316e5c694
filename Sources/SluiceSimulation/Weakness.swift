extension Scenario {
    /// Which of our defences are switched off, to show that the judges would notice.
    ///
    /// The switches are in the simulation; the product has none. Where a known failure is an algorithm that Sluice does not have
    /// in any form, the switch makes the ledger behave like it, and says so.
    package enum Weakness: String, Hashable, Sendable, CaseIterable {
        /// A slot is reported as over when it was given, not when its request completed.
        case anchoredAtGrant
        /// Requests leave however late it is.
        case noSendBy
        /// A request that was cut off counts as over at once.
        case noAbortGuard
        /// A request is now and then sent twice on one slot.
        case silentSecondSend
        /// A redirect is followed on the slot of the first request.
        case followsRedirects
        /// Callers tell Redis nothing of what they know of its time.
        case noClockBounds
        /// Whoever has just come believes Redis' clock, whoever may know better.
        case noDoubt
        /// Callers do not tell which data and which server they knew.
        case noMemoryOfData
        /// What the ledger's data live without a call is a quarter of the longest window, and nobody remembers them.
        case shortLife
        /// A demand is said once, and nobody looks for grants that it missed.
        case noRepetition
        /// Nodes do not know of a mirror's burst.
        case noBurst
        /// Nodes do not say what they are configured with where that is stricter than what others have.
        case noAnnouncement
        /// The ledger grants to whoever says that it leads, whatever its epoch.
        case noFence

        /// Whoever misses a key fetches it, whether or not somebody else does.
        case noFlight
        /// A fill needs no flight: what comes is stored, however old.
        case noFillFence
        /// Who waits for another process's fill waits for its message, and does not look again.
        case noSecondLook

        // The ledger is replaced:

        /// Counts in fixed windows of Redis' clock.
        case fixedWindows
        /// Counts in fixed windows, each caller by its own host's clock.
        case hostClocks
        /// Counts anew whenever somebody else leads: the window lives in the leader's memory.
        case windowDiesWithLeader
        /// Each leader counts in its own memory; its epoch is not checked, and its clock does not count the time for which it stood still.
        case leaderForgetsItsEnd

        /// Whether calls carry no memory of data: for algorithms that have none, and to show the loss of it.
        var isWithoutMemory: Bool {
            switch self {
            case .noMemoryOfData, .shortLife, .fixedWindows, .hostClocks, .windowDiesWithLeader, .leaderForgetsItsEnd: true
            default: false
            }
        }
    }
}

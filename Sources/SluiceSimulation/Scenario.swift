package import SluiceCoordination

/// What one run is about: who takes part, what is wanted, what goes wrong. All of it follows from a seed.
package struct Scenario: Sendable {
    /// Something that goes wrong, at an instant of true time in microseconds.
    package enum Fault: Hashable, Sendable {
        /// The process dies at once; another of a new name takes its place after so long.
        case crash(node: Int, restartAfter: Int64)
        /// The process stands still; its clock runs on.
        case freeze(node: Int, for: Int64)
        /// Nothing passes between the node and Redis.
        case partition(node: Int, for: Int64)
        /// Redis answers nobody.
        case redisDown(for: Int64)
        /// Redis restarts without its data.
        case dataLoss
        /// A replica without the last writes, so old, becomes the server.
        case rollback(age: Int64)
        /// The clock of Redis' host is set.
        case clockStep(by: Int64)
        /// The mirror drops every connection.
        case mirrorDead(mirror: Int, for: Int64)
        /// The node leaves in good order; another takes its place after so long.
        case leave(node: Int, restartAfter: Int64)
    }

    /// Which of our defences are switched off, to show that the judges would notice.
    package enum Weakness: String, Hashable, Sendable, CaseIterable {
        /// A slot is reported as over when it was given, not when its request completed.
        case anchoredAtGrant
        /// Requests leave however late it is.
        case noSendBy
        /// A request that was cut off counts as over at once.
        case noAbortGuard
        /// A request is now and then sent twice on one slot.
        case silentSecondSend
        /// Callers tell Redis nothing of what they know of its time.
        case noClockBounds
        /// Callers do not tell which data and which server they knew.
        case noMemoryOfData
    }

    package var seed: UInt64
    package var nodes = 3
    package var mirrors: [MirrorRules]
    /// Callers on each node that want one slot after another.
    package var callers = 8
    /// How long a caller rests between two wants.
    package var rest: ClosedRange<Int64> = 0...0
    /// Between getting a slot and sending; the process may be stopped just there.
    package var pause: ClosedRange<Int64> = 0...2_000
    /// One way between a node and Redis.
    package var redisLatency: ClosedRange<Int64> = 50...500
    /// From a node to a mirror and back, half of it each way; a way may take no longer than `timeout` and a second.
    package var mirrorLatency: ClosedRange<Int64> = 1_000...50_000
    package var timeout: Int64 = 2_000_000
    package var deadline: ClosedRange<Int64> = 1_000_000...20_000_000
    /// How likely a pub/sub message is lost, and delivered twice.
    package var messageLoss = 0.0
    package var messageRepeat = 0.0
    /// How likely the answer to a command is lost although it was carried out.
    package var replyLoss = 0.0
    /// How likely a connection to a mirror cannot be made.
    package var connectFailure = 0.0
    /// Every node's clock runs faster or slower by up to so many parts in a million.
    package var skew: Int64 = 100
    package var faults: [(at: Int64, fault: Fault)] = []
    package var weaknesses: Set<Weakness> = []
    /// How long the run is, in true time.
    package var length: Int64 = 20_000_000

    package init(seed: UInt64, mirrors: [MirrorRules]) {
        self.seed = seed
        self.mirrors = mirrors
    }
}

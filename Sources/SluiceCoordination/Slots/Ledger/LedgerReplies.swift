/// What every reply of the ledger begins with.
package struct LedgerStamp: Hashable, Sendable {
    /// Ledger time when the call was carried out, in µs: surely not ahead of it. Slots are released by this one.
    package var time: Int64
    /// The clock of ledger time as the call leaves it: what the host's clock and the adjustment come to. At least `time`, and equal to
    /// it but when a call took long, or a clock was stepped.
    package var clock: Int64
    /// How often ledger time was corrected. Each correction may lose some time, and none is ever made good:
    /// lower bounds from before it would release slots early that were recorded since. They count in one frame only.
    package var frame: Int64
    /// The caller could not tell whether the clock had been set forward, and somebody else may: `clock` is as it was met. It
    /// bounds nothing until somebody who knows the time has vouched for it.
    package var isInDoubt: Bool
    /// The life of the ledger's data; empty when there is none yet (only `pull` and `inspect` leave it so).
    package var incarnation: String
    /// The muster under way: until it has ended nothing is granted and nothing settled.
    package var muster: MusterNotice?

    package init(
        time: Int64, clock: Int64? = nil, frame: Int64 = 0, isInDoubt: Bool = false, incarnation: String, muster: MusterNotice? = nil
    ) {
        self.muster = muster
        self.isInDoubt = isInDoubt
        self.time = time
        self.clock = clock ?? time
        self.frame = frame
        self.incarnation = incarnation
    }
}

/// One mirror after a call.
package struct MirrorStatus: Hashable, Sendable {
    /// Slots that a reserve would get now.
    package var free: Int64
    /// Slots in use under the rule that leaves the least room.
    package var inUse: Int64
    /// µs until something can come free by the passing of time: 0 when it is free now; nil when only a
    /// settle can free it. It is the earliest moment possible, so asking before it is pointless, unless a
    /// slot comes back unsent or a concurrent request ends: then the ledger publishes on `leader:wake`.
    package var nextRelease: Int64?
    /// µs of a penalty still to come.
    package var pausedFor: Int64
    /// µs of a seal still to come: data was lost, and slots of which nobody knows what became of them are withheld.
    package var sealedFor: Int64
    /// What the mirror stands accused of; if of anything, it gets one slot at a time.
    package var standing: MirrorStanding
    /// What its first limit is held to since it refused; 0: to itself.
    package var held: Int64

    package init(
        free: Int64, inUse: Int64, nextRelease: Int64?, pausedFor: Int64, sealedFor: Int64, standing: MirrorStanding = .good,
        held: Int64 = 0
    ) {
        self.standing = standing
        self.held = held
        self.free = free
        self.inUse = inUse
        self.nextRelease = nextRelease
        self.pausedFor = pausedFor
        self.sealedFor = sealedFor
    }
}

/// The answer to a reserve.
package struct ReserveReply: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// The demands were considered; they may have got nothing.
        case granted
        /// The caller does not lead (any more), or what it knows of is another life of the data; with the current epoch, 0 for none.
        case staleEpoch(current: Int64)
        /// A leader lives and others wait with it: send it a demand instead.
        case queueWithLeader
        /// Data may be lost, and members are asked what they remember: see the stamp.
        case mustering
    }

    package var stamp: LedgerStamp
    package var outcome: Outcome
    /// One list for each demand, in the demands' order.
    package var grants: [[Grant]]
    /// One for each mirror, in the terms' order, after the grants.
    package var mirrors: [MirrorStatus]

    package init(stamp: LedgerStamp, outcome: Outcome, grants: [[Grant]], mirrors: [MirrorStatus]) {
        self.stamp = stamp
        self.outcome = outcome
        self.grants = grants
        self.mirrors = mirrors
    }
}

/// The answer to a settle.
package struct SettleReply: Hashable, Sendable {
    package var stamp: LedgerStamp
    /// How many entries were carried out now; the others were in already, or their grant is unknown.
    package var applied: Int
    /// How many entries came from another life of the data: their completions were charged, nothing else.
    package var foreign: Int
    /// One for each mirror, in the terms' order.
    package var mirrors: [MirrorStatus]

    package init(stamp: LedgerStamp, applied: Int, foreign: Int, mirrors: [MirrorStatus]) {
        self.stamp = stamp
        self.applied = applied
        self.foreign = foreign
        self.mirrors = mirrors
    }
}

/// The answer to a penalty.
package struct PenaliseReply: Hashable, Sendable {
    package var stamp: LedgerStamp
    /// One for each mirror, in the terms' order.
    package var mirrors: [MirrorStatus]

    package init(stamp: LedgerStamp, mirrors: [MirrorStatus]) {
        self.stamp = stamp
        self.mirrors = mirrors
    }
}

/// A node's grants that can still be sent.
package struct PullReply: Hashable, Sendable {
    package struct Held: Hashable, Sendable {
        /// The count is what has not been settled.
        package var grant: Grant
        /// µs from now until it counts as used; see `LedgerTerms.hold(ofLife:)`.
        package var life: Int64

        package init(grant: Grant, life: Int64) {
            self.grant = grant
            self.life = life
        }
    }

    package var stamp: LedgerStamp
    package var held: [Held]

    package init(stamp: LedgerStamp, held: [Held]) {
        self.stamp = stamp
        self.held = held
    }
}

/// Every mirror's state and counters.
package struct InspectReply: Hashable, Sendable {
    package struct Mirror: Hashable, Sendable {
        package var status: MirrorStatus
        /// Since the ledger's data began.
        package var counters: MirrorCounters
        /// Slots in use under each limit, in the order of the rules.
        package var used: [Int64]
        /// What the first limit is held to now; equals its count while nothing has lowered it. 0: no limit.
        package var effectiveLimit: Int64
        /// Half of its answers take longer than so many µs; 0 before the first.
        package var latency: Int64

        package init(status: MirrorStatus, counters: MirrorCounters, used: [Int64], effectiveLimit: Int64, latency: Int64 = 0) {
            self.latency = latency
            self.status = status
            self.counters = counters
            self.used = used
            self.effectiveLimit = effectiveLimit
        }
    }

    package var stamp: LedgerStamp
    package var mirrors: [Mirror]

    package init(stamp: LedgerStamp, mirrors: [Mirror]) {
        self.stamp = stamp
        self.mirrors = mirrors
    }
}

/// How many slots of a mirror went which way since the ledger's data began.
package struct MirrorCounters: Hashable, Sendable {
    package var granted: Int64 = 0
    /// Completed requests.
    package var settled: Int64 = 0
    /// Came back provably never sent.
    package var unsent: Int64 = 0
    /// Their node fell silent.
    package var expired: Int64 = 0
    /// Refusals by the mirror that nodes reported.
    package var throttled: Int64 = 0

    package init() {}
}

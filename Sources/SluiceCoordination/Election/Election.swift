package import SluiceLoop

/// Who leads: one node's view of the lease, as a pure state machine.
///
/// Events and a time go in, effects come out; `ElectionConductor` carries them out. A node follows while beats arrive,
/// campaigns when none does, leads while its lease surely runs, and resigns when it stops.
package struct Election: Sendable {
    /// What the node is at the moment.
    package enum Role: Hashable, Sendable {
        /// No beat is heard and nobody is known to lead.
        case leaderless
        /// Beats of a leader are heard.
        case following(leader: String, epoch: Int64)
        /// The node holds the lease.
        case leading(epoch: Int64)
    }

    /// What is to be done about an event.
    package enum Effect: Hashable, Sendable {
        /// Try to take the lease.
        case campaign
        /// Extend the lease and tell the pool.
        case renew(epoch: Int64)
        /// Give the lease back and tell the pool.
        case resign(epoch: Int64)
        /// The role is another one now.
        case roleChanged(Role)
    }

    private enum Step: Hashable, Sendable {
        case none, campaigning, renewing, resigning
    }

    package private(set) var role: Role = .leaderless
    /// When `timeCame` must be called next.
    package private(set) var nextStep: Instant
    /// When a beat was last heard, or the lease last renewed.
    package private(set) var lastSign: Instant?
    /// The highest epoch seen.
    package private(set) var epoch: Int64 = 0

    private let node: String
    private let timings: ElectionTimings
    private let campaigns: Bool
    private var leaseEnds = Instant(microseconds: .min)
    private var step = Step.none
    private var isStopped = false
    private var random: any RandomNumberGenerator & Sendable

    /// - Parameters:
    ///   - node: this node's name.
    ///   - campaigns: false for a short-lived node, which only listens.
    ///   - random: decides the jitter; a simulation passes a seeded one.
    package init(
        node: String, timings: ElectionTimings, campaigns: Bool, now: Instant,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.node = node
        self.timings = timings
        self.campaigns = campaigns
        self.random = random
        // A newcomer asks at once: where somebody leads, the answer says who.
        nextStep = campaigns ? now : .distantFuture
    }

    /// The time of `nextStep` has come.
    package mutating func timeCame(now: Instant) -> [Effect] {
        guard !isStopped, now >= nextStep else { return [] }
        nextStep = .distantFuture
        switch role {
        case .leading(let epoch):
            if now >= leaseEnds { return stepDown(now: now) }
            nextStep = leaseEnds
            guard step == .none else { return [] }
            step = .renewing
            return [.renew(epoch: epoch)]
        case .leaderless, .following:
            var effects: [Effect] = []
            if case .following = role, let lastSign, now.microseconds(since: lastSign) >= timings.silence {
                role = .leaderless
                effects.append(.roleChanged(role))
            }
            guard campaigns, step == .none else { return effects }
            step = .campaigning
            return effects + [.campaign]
        }
    }

    /// A beat of another node's lease arrived.
    package mutating func heardBeat(leader: String, epoch heard: Int64, now: Instant) -> [Effect] {
        guard !isStopped, leader != node, heard >= epoch || isSilent(now) else { return [] }
        epoch = heard
        lastSign = now
        step = step == .resigning ? step : .none
        nextStep = now.advanced(byMicroseconds: timings.silence)
        return change(to: .following(leader: leader, epoch: heard))
    }

    /// The leader said that it resigned.
    package mutating func heardResignation(epoch heard: Int64, now: Instant) -> [Effect] {
        guard !isStopped, heard >= epoch, !isLeading else { return [] }
        epoch = heard
        lastSign = nil
        if campaigns { nextStep = soon(now) }
        return change(to: .leaderless)
    }

    /// The campaign was won: the lease counts from when the request was sent.
    package mutating func won(epoch newEpoch: Int64, sentAt: Instant, now: Instant) -> [Effect] {
        guard step == .campaigning || !isLeading else { return [] }
        step = .none
        if isStopped { return [.resign(epoch: newEpoch)] }
        epoch = newEpoch
        lastSign = now
        leaseEnds = sentAt.advanced(byMicroseconds: timings.lease)
        nextStep = leaseEnds
        // The first renewal is at once: it is how the others learn who leads.
        step = .renewing
        return change(to: .leading(epoch: newEpoch)) + [.renew(epoch: newEpoch)]
    }

    /// The campaign was lost: `leader` holds the lease for `remaining` microseconds yet.
    package mutating func lost(to leader: String?, epoch current: Int64, remaining: Int64, now: Instant) -> [Effect] {
        guard !isStopped, !isLeading else { return [] }
        step = .none
        epoch = max(epoch, current)
        // The lease may be a dead node's: ask again when it must have ended, unless a beat comes first.
        nextStep = now.advanced(byMicroseconds: max(0, remaining) + Int64.random(in: 0...max(1, timings.jitter), using: &random))
        if let leader, lastSign == nil {
            // Nothing was heard yet: trust the lease for as long as a silence may last.
            lastSign = now
            nextStep = min(nextStep, now.advanced(byMicroseconds: timings.silence))
            return change(to: .following(leader: leader, epoch: epoch))
        }
        return []
    }

    /// The lease was extended.
    package mutating func renewed(sentAt: Instant, now: Instant) -> [Effect] {
        guard isLeading else { return [] }
        step = .none
        lastSign = now
        leaseEnds = max(leaseEnds, sentAt.advanced(byMicroseconds: timings.lease))
        nextStep = max(now, sentAt.advanced(byMicroseconds: timings.renewal))
        return []
    }

    /// Redis says that another node, or nobody, holds the lease.
    package mutating func renewalRefused(now: Instant) -> [Effect] {
        guard isLeading else { return [] }
        step = .none
        return stepDown(now: now)
    }

    /// A campaign or a renewal had no answer: try again while there is time.
    package mutating func failed(now: Instant) -> [Effect] {
        guard !isStopped else { return [] }
        step = .none
        let again = now.advanced(byMicroseconds: timings.renewal)
        nextStep = isLeading ? min(again, leaseEnds) : (campaigns ? again : .distantFuture)
        return []
    }

    /// The node is leaving.
    package mutating func stop() -> [Effect] {
        guard !isStopped else { return [] }
        isStopped = true
        nextStep = .distantFuture
        guard case .leading(let epoch) = role else { return change(to: .leaderless) }
        step = .resigning
        return [.resign(epoch: epoch)] + change(to: .leaderless)
    }

    /// Whether this node may act as the leader at this moment.
    package func leads(at now: Instant) -> Bool { isLeading && now < leaseEnds }

    /// Whether a leader was known and nothing has been heard of it since: its lease may run on and says nothing of it.
    package var hasGoneSilent: Bool { role == .leaderless && lastSign != nil }

    /// After a silence a smaller epoch is believed too: Redis may have lost the count, and the ledger guards the slots.
    private func isSilent(_ now: Instant) -> Bool {
        guard let lastSign else { return true }
        return now.microseconds(since: lastSign) >= timings.silence
    }

    private var isLeading: Bool { if case .leading = role { true } else { false } }

    private mutating func stepDown(now: Instant) -> [Effect] {
        leaseEnds = Instant(microseconds: .min)
        lastSign = nil
        step = .none
        nextStep = campaigns ? soon(now) : .distantFuture
        return change(to: .leaderless)
    }

    private mutating func soon(_ now: Instant) -> Instant {
        now.advanced(byMicroseconds: Int64.random(in: 0...max(1, timings.jitter), using: &random))
    }

    private mutating func change(to newRole: Role) -> [Effect] {
        guard newRole != role else { return [] }
        role = newRole
        return [.roleChanged(newRole)]
    }
}

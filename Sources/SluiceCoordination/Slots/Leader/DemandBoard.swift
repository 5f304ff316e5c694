package import SluiceLoop

/// The leader's part, as a pure value: gathers every node's demand and says what to ask the ledger for.
///
/// The ledger itself divides what is free (tiers, then max-min fairness), because only it knows how much that is. The
/// leader's work is to know who wants how many, not to ask twice for the same waiter, and to ask at the right moment.
package struct DemandBoard: Sendable {
    private struct Node: Sendable {
        var wanted: [Int]
        var stamp: Int64
        var heardAt: Instant
        var sequence: Int64 = 0
        /// How many slots it was granted since it is known, and what the least served had by then.
        var served: Int
        /// Grants that the node had not seen when it last spoke.
        var underway: [(sequence: Int64, count: Int)] = []

        var isWanting: Bool { unmet.contains { $0 > 0 } }

        /// How many still wait, by tier.
        var waiting: ArraySlice<Int> { unmet.prefix(DemandMessage.ahead) }

        /// What the node still wants in each tier: grants under way serve the most urgent first.
        var unmet: [Int] {
            var covered = underway.reduce(0) { $0 + $1.count }
            return wanted.map { wanted in
                let served = min(wanted, covered)
                covered -= served
                return wanted - served
            }
        }
    }

    /// Demands older than this are dropped: their node has stopped repeating them.
    package static let patience: Int64 = 3_000_000
    /// Between two reserves, so that several nodes' demands travel together.
    package static let gathering: Int64 = 1_000
    /// The same while nobody waits, and all want is to hold slots ahead: what they still hold lasts for longer.
    package static let leisure: Int64 = 100_000
    /// From the first such wish until all that come with it are there: they are told at the same tick.
    package static let collecting: Int64 = 5_000

    private let epoch: Int64
    private let caller: NodeID
    private let terms: TermsMark?
    private var nodes: [NodeID: Node] = [:]
    private var isReserving = false
    private var lastReserve = Instant(microseconds: .min)
    /// When the first wish came that was not in the last reserve.
    private var wishedAt: Instant?
    /// Nothing is free before this.
    private var releaseAt = Instant(microseconds: .min)

    /// - Parameter terms: what the leader is configured with; nil: it grants to everybody.
    package init(caller: NodeID, epoch: Int64, terms: TermsMark? = nil) {
        self.caller = caller
        self.epoch = epoch
        self.terms = terms
    }

    /// Whether anybody wants anything, as far as heard.
    private var isWanted: Bool { nodes.values.contains { $0.isWanting } }

    /// How many wait in the whole pool, as far as heard.
    package var waiting: Int { nodes.values.reduce(0) { $0 + $1.waiting.reduce(0, +) } }

    /// Who waits in the whole pool, as far as heard.
    package var crowd: Crowd {
        nodes.values.reduce(into: Crowd.nobody) { crowd, node in
            for (tier, count) in node.waiting.enumerated() where count > 0 {
                crowd.waiting[tier] += count
                crowd.nodes[tier] += 1
            }
        }
    }

    /// A node said how many wait on it. One that could not use what is granted here reserves for itself as soon as it has heard a beat.
    package mutating func heard(_ demand: DemandMessage, now: Instant) {
        if let terms, let asked = demand.terms, !terms.serves(asked) { return }
        var node = nodes[demand.node] ?? Node(wanted: [], stamp: 0, heardAt: now, served: nodes.values.map(\.served).min() ?? 0)
        // One that was forgotten goes on counting where its node stands, or gaps would go unseen.
        if nodes[demand.node] == nil, demand.epoch == epoch, demand.sequence < DemandMessage.everySequence {
            node.sequence = demand.sequence
        }
        // Messages of one node come in order; an older stamp can only be a repeat.
        guard demand.stamp >= node.stamp else { return }
        node.wanted = demand.wanted
        node.stamp = demand.stamp
        node.heardAt = now
        if demand.epoch == epoch {
            node.underway.removeAll { $0.sequence <= demand.sequence }
        } else if demand.epoch < epoch {
            node.underway.removeAll { $0.sequence <= 0 }
        }
        nodes[demand.node] = node
        if !isWanted { wishedAt = nil } else if wishedAt == nil, node.isWanting { wishedAt = now }
    }

    /// Slots came free out of turn.
    package mutating func freed() { releaseAt = Instant(microseconds: .min) }

    /// When `reservation` is next worth calling; nil while nobody waits or an answer is outstanding.
    package func nextStep(now: Instant) -> Instant? {
        guard !isReserving, isWanted else { return nil }
        if waiting > 0 { return max(now, releaseAt, lastReserve.advanced(byMicroseconds: Self.gathering)) }
        let collected = wishedAt?.advanced(byMicroseconds: Self.collecting) ?? now
        return max(now, releaseAt, lastReserve.advanced(byMicroseconds: Self.leisure), collected)
    }

    /// What to ask the ledger for now; nil when it is not time.
    package mutating func reservation(now: Instant) -> ReserveRequest? {
        nodes = nodes.filter { now.microseconds(since: $0.value.heardAt) < Self.patience }
        guard let due = nextStep(now: now), due <= now else { return nil }
        // The odd slot goes to whoever had the fewest: a node whose turn comes while it needs nothing keeps it.
        let order = nodes.sorted { ($0.value.served, $0.key) < ($1.value.served, $1.key) }
        var demands: [ReserveRequest.Demand] = []
        for tier in DemandMessage.nothing.indices {
            for (name, node) in order where node.unmet[tier] > 0 {
                demands.append(
                    ReserveRequest.Demand(
                        node: name, wanted: Int64(node.unmet[tier]), tier: tier, stamp: node.stamp, sequence: node.sequence + 1))
            }
        }
        isReserving = true
        lastReserve = now
        wishedAt = nil
        return ReserveRequest(caller: caller, epoch: epoch, demands: demands)
    }

    /// The ledger's answer: so many slots for each demand of the request.
    /// - Parameter nextRelease: the earliest instant at which anything more can be free, when nothing is now.
    package mutating func granted(_ counts: [(node: NodeID, count: Int)], nextRelease: Instant?, now: Instant) {
        isReserving = false
        var totals: [NodeID: Int] = [:]
        for entry in counts where entry.count > 0 { totals[entry.node, default: 0] += entry.count }
        for (name, count) in totals {
            nodes[name]?.sequence += 1
            nodes[name]?.served += count
            if let sequence = nodes[name]?.sequence { nodes[name]?.underway.append((sequence, count)) }
        }
        releaseAt = nextRelease ?? now
    }

    /// The ledger could not be asked.
    package mutating func failed(now: Instant) {
        isReserving = false
        releaseAt = now.advanced(byMicroseconds: 50_000)
    }
}

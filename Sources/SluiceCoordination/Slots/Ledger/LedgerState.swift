/// The slot ledger as a pure value: the rules that `ledger.lua` and its scripts keep in Redis, in Swift.
///
/// It is the embedded ledger's heart, the simulation's model, and one half of the differential test. Every
/// function takes `raw`, the host's clock in µs, from which it makes ledger time.
package struct LedgerState: Hashable, Sendable {
    /// What is known of the data as a whole.
    package struct Meta: Hashable, Sendable {
        package var incarnation: String
        /// Ledger time at which this life of the data began.
        package var birth: Int64
        /// Ledger time minus the host's clock.
        package var adjustment: Int64 = 0
        /// How often the adjustment was changed.
        package var frame: Int64 = 0
        /// Ledger time of the latest call. Ledger time never runs backwards.
        package var last: Int64
        /// The clock when it was last found right by somebody who could tell, or put right.
        package var confirmed: Int64 = 0
        /// The clock when the others were last asked on behalf of somebody in doubt.
        package var asked: Int64 = 0
        /// The number of the next grant. It starts from the time, so that two lives share no number.
        package var nextNumber: Int64
        /// Ledger time until which slots are withheld of which nobody knows what became of them; 0: none are.
        package var sealedUntil: Int64 = 0
        /// Grows with every call that changes something.
        package var version: Int64 = 0
        /// How often members were asked what they remember.
        package var musters: Int64 = 0
        /// Earlier lives whose memory is in this one.
        package var lives: [String] = []
        /// Those of them, or this one, that the muster under way is about.
        package var lost: [String] = []
        /// What the leader's last reserve left unmet, and when.
        package var waiting: Int64 = 0
        package var waitingAt: Int64 = 0
        /// The server that the data was last used on; nil until somebody said.
        package var runID: String?
    }

    /// Who holds the lease. Elections set it; the ledger only compares.
    package var leader: NodeID?
    /// The fencing token of the latest election.
    package var epoch: Int64 = 0
    /// Who is subscribed to the pool's messages; in Redis the server knows.
    package var listeners: Set<NodeID> = []
    package internal(set) var meta: Meta?
    package internal(set) var mirrors: [String: MirrorLedger] = [:]
    /// Nothing is granted and nothing settled before it has ended.
    var muster: Muster?

    package init() {}

    /// Loses the ledger's data, as when its key is deleted; who leads is kept elsewhere.
    package mutating func forget() {
        meta = nil
        muster = nil
        mirrors = [:]
    }

    /// Longest pause of a mirror.
    package static let longestPause: Int64 = 86_400_000_000
    /// How long the leader's word that others wait is believed.
    package static let waitingIsFresh: Int64 = 1_000_000
    /// Whoever is in doubt asks again so soon.
    static let doubtfulPause: Int64 = 20_000
    /// For all who are in doubt the others are asked so often.
    static let asking: Int64 = 100_000

    // MARK: Calls

    /// See `SlotLedger.reserve`.
    package mutating func reserve(
        _ request: ReserveRequest, _ call: LedgerCall, at raw: Int64
    ) -> (reply: ReserveReply, messages: [LedgerMessage]) {
        var call = call
        let (time, announced) = begin(&call, at: raw)
        let nothing = [[Grant]](repeating: [], count: request.demands.count)
        func without(_ outcome: ReserveReply.Outcome) -> (ReserveReply, [LedgerMessage]) {
            (ReserveReply(stamp: stamp(time), outcome: outcome, grants: nothing, mirrors: statuses(call.terms, at: time)), announced)
        }
        if let claimed = request.epoch {
            let sameLife = call.knowledge.map { $0.incarnation == meta?.incarnation } ?? true
            guard leader == request.caller, epoch == claimed, sameLife else { return without(.staleEpoch(current: epoch)) }
        } else if request.sparesOnly {
            if muster == nil, let meta, meta.waiting > 0, time.now - meta.waitingAt <= Self.waitingIsFresh {
                return without(.queueWithLeader)
            }
        } else if muster == nil, request.yieldsToLeader, let leader, leader != request.caller, let meta, meta.waiting > 0,
            time.now - meta.waitingAt <= Self.waitingIsFresh
        {
            return without(.queueWithLeader)
        }
        guard muster == nil else { return without(.mustering) }
        let (grants, messages) = distribute(request, call.terms, at: time)
        let reply = ReserveReply(
            stamp: stamp(time), outcome: .granted, grants: grants, mirrors: statuses(call.terms, at: time))
        return (reply, announced + messages)
    }

    /// See `SlotLedger.settle`.
    package mutating func settle(
        _ request: SettleRequest, _ call: LedgerCall, at raw: Int64
    ) -> (reply: SettleReply, messages: [LedgerMessage]) {
        var call = call
        let (time, announced) = begin(&call, at: raw)
        let before = call.terms.mirrors.map { free($0, at: time.now) }
        let plenty = call.terms.mirrors.map { mirrors[$0.name]?.plenty($0) ?? [] }
        var applied = 0
        var foreign = 0
        for entry in muster == nil && !time.isInDoubt ? request.entries : [] where call.terms.mirrors.indices.contains(entry.mirror) {
            switch settle(entry, of: request.node, call.terms, plenty[entry.mirror], at: time) {
            case true?: applied += 1
            case nil where entry.incarnation != meta?.incarnation:
                charge(entry, call.terms, plenty[entry.mirror], sent: time.latest)
                foreign += 1
            default: break
            }
        }
        for rules in call.terms.mirrors { mirrors[rules.name]?.flush(at: time.now) }
        let statuses = statuses(call.terms, at: time)
        let freed = zip(before, statuses).contains { $0 == 0 && $1.free > 0 }
        return (SettleReply(stamp: stamp(time), applied: applied, foreign: foreign, mirrors: statuses), announced + (freed ? [.freed] : []))
    }

    /// See `SlotLedger.penalise`.
    package mutating func penalise(
        mirror: Int, grant: Int64, asked: Int64?, _ call: LedgerCall, at raw: Int64
    ) -> (reply: PenaliseReply, messages: [LedgerMessage]) {
        var call = call
        let (time, announced) = begin(&call, at: raw)
        if call.terms.mirrors.indices.contains(mirror) {
            let rules = call.terms.mirrors[mirror]
            mirrors[rules.name, default: MirrorLedger()].refused(
                grant: grant, asked: asked.map { min(max(0, $0), Self.longestPause) }, rules: rules, next: meta!.nextNumber, at: time.now,
                present: time.present)
        }
        return (PenaliseReply(stamp: stamp(time), mirrors: statuses(call.terms, at: time)), announced)
    }

    /// See `SlotLedger.pull`.
    package func pull(_ node: NodeID, _ call: LedgerCall, at raw: Int64) -> PullReply {
        var copy = self
        var call = call
        let time = copy.look(&call, at: raw)
        // What is kept of ledger time may be old where the caller's bounds are of another frame: a grant must not seem to live for longer.
        let known = call.knowledge.flatMap { $0.incarnation == meta?.incarnation ? $0.lower : nil } ?? time.latest
        let latest = max(time.latest, raw + (meta?.adjustment ?? 0), known)
        var held: [PullReply.Held] = []
        for (place, rules) in call.terms.mirrors.enumerated() {
            for record in copy.mirrors[rules.name]?.open.records ?? [] where record.tag == node.tag {
                let grant = Grant(mirror: place, number: record.number, count: record.count)
                held.append(PullReply.Held(grant: grant, life: record.expiry - latest))
            }
        }
        return PullReply(stamp: stamp(time), held: held)
    }

    /// See `SlotLedger.inspect`.
    package func inspect(_ call: LedgerCall, at raw: Int64) -> InspectReply {
        var copy = self
        var call = call
        let own = call.terms.mirrors
        let time = copy.look(&call, at: raw, isForShow: true)
        let mirrors = zip(own, call.terms.mirrors).map { own, rules in
            let mirror = copy.mirrors[rules.name] ?? MirrorLedger()
            return InspectReply.Mirror(
                status: copy.status(rules, at: time), counters: mirror.counters, used: own.limits.map(mirror.used),
                effectiveLimit: rules.limits.first.map(mirror.conduct.heldTo) ?? 0, latency: mirror.latency)
        }
        return InspectReply(stamp: stamp(time), mirrors: mirrors)
    }

    // MARK: Parts that several calls share

    func stamp(_ time: Reading) -> LedgerStamp {
        LedgerStamp(
            time: time.now, clock: time.clock, frame: meta?.frame ?? 0, isInDoubt: time.isInDoubt, incarnation: meta?.incarnation ?? "",
            muster: notice(at: time.present))
    }

    /// While members are asked what they remember nothing is free.
    private func closedUntil(_ now: Int64) -> Int64 { muster.map { max($0.until, now + 1_000) } ?? 0 }

    private func status(_ rules: MirrorRules, at time: Reading) -> MirrorStatus {
        let mirror = mirrors[rules.name] ?? MirrorLedger()
        var status = mirror.status(rules, at: time.now, from: time.present, sealedUntil: closedUntil(time.now))
        status.sealedFor = max(status.sealedFor, (meta?.sealedUntil ?? 0) - time.present)
        if time.isInDoubt, status.free == 0 { status.nextRelease = status.nextRelease.map { max(Self.doubtfulPause, $0) } }
        return status
    }

    func statuses(_ terms: LedgerTerms, at time: Reading) -> [MirrorStatus] { terms.mirrors.map { status($0, at: time) } }

    private func free(_ rules: MirrorRules, at now: Int64) -> Int64 {
        (mirrors[rules.name] ?? MirrorLedger()).free(rules, at: now, sealedUntil: closedUntil(now))
    }

    private mutating func distribute(
        _ request: ReserveRequest, _ terms: LedgerTerms, at time: Reading
    ) -> ([[Grant]], [LedgerMessage]) {
        let offers = terms.mirrors.map { rules in
            let mirror = mirrors[rules.name] ?? MirrorLedger()
            let free = free(rules, at: time.now)
            return Allotment.Offer(
                free: request.sparesOnly ? min(free, mirror.spare(rules)) : free, latency: mirror.latency,
                isSuspect: mirror.conduct.isSuspect, isOnProbation: mirror.conduct.isOnProbation)
        }
        let shares = Allotment.shares(of: offers.reduce(0) { $0 + $1.free }, among: request.demands.map { ($0.wanted, $0.tier) })
        let pieces = Allotment.pieces(
            shares: shares, parts: Allotment.split(shares.reduce(0, +), over: offers),
            room: terms.mirrors.map { mirrors[$0.name]?.open.room ?? OpenGrants.mostRecords })
        let life = terms.life(hold: terms.hold)
        var grants = [[Grant]](repeating: [], count: request.demands.count)
        for piece in pieces {
            let number = meta!.nextNumber
            meta!.nextNumber += 1
            let rules = terms.mirrors[piece.mirror]
            mirrors[rules.name, default: MirrorLedger()].grant(
                OpenGrants.Record(
                    number: number, tag: request.demands[piece.demand].node.tag, count: piece.count, expiry: time.latest + life),
                rules: rules, at: time.now)
            grants[piece.demand].append(Grant(mirror: piece.mirror, number: number, count: piece.count))
        }
        if request.epoch != nil {
            // For what is wanted ahead nobody waits.
            meta!.waiting = zip(request.demands, grants).reduce(0) { sum, entry in
                entry.0.tier < DemandMessage.ahead ? sum + entry.0.wanted - entry.1.reduce(0) { $0 + $1.count } : sum
            }
            meta!.waitingAt = time.now
        }
        let messages = zip(request.demands, grants).compactMap { demand, given -> LedgerMessage? in
            guard !given.isEmpty, demand.node != request.caller else { return nil }
            let items = given.map { GrantMessage.Item(mirror: terms.mirrors[$0.mirror].name, number: $0.number, count: $0.count) }
            let message = GrantMessage(
                incarnation: meta!.incarnation, frame: meta!.frame, epoch: request.epoch ?? 0, time: time.now, sequence: demand.sequence,
                stamp: demand.stamp,
                life: life, items: items)
            return .grant(to: demand.node, message)
        }
        return (grants, messages)
    }

    /// After a muster the grants of an earlier life are found all the same, since no two lives share a number.
    /// - Returns: whether the entry was carried out; nil when its grant is not open here.
    private mutating func settle(
        _ entry: SettleRequest.Entry, of node: NodeID, _ terms: LedgerTerms, _ plenty: Set<Int64>, at time: Reading
    ) -> Bool? {
        let name = terms.mirrors[entry.mirror].name
        let done = Int64(entry.completed.count) + max(0, entry.unsent)
        guard let place = mirrors[name]?.open.place(of: entry.number, tag: node.tag), let held = mirrors[name]?.open.records[place].count
        else { return nil }
        guard held >= entry.remaining, held >= done else { return false }
        charge(entry, terms, plenty, sent: time.latest)
        mirrors[name]?.counters.unsent += max(0, entry.unsent)
        mirrors[name]?.settle(done, at: place, expiry: entry.extend.map { time.latest + terms.life(hold: max(0, $0)) })
        mirrors[name]?.judge(entry, rules: terms.mirrors[entry.mirror], next: meta!.nextNumber, at: time.now, present: time.present)
        return true
    }

    /// Counts an entry's completions, each from the moment at which it was over.
    /// - Parameter sent: ledger time at the sending of the call, or later: ages count back from there.
    private mutating func charge(_ entry: SettleRequest.Entry, _ terms: LedgerTerms, _ plenty: Set<Int64>, sent: Int64) {
        guard !entry.completed.isEmpty else { return }
        let rules = terms.mirrors[entry.mirror]
        for run in entry.completed.runs {
            // The age was measured by a clock that may run fast: what it may have gained is taken off.
            let completion = sent - run.value + LedgerTerms.drift(over: run.value)
            mirrors[rules.name, default: MirrorLedger()].charge(
                completion: completion, count: Int64(run.count), rules: rules, plenty: plenty)
        }
        mirrors[rules.name]?.counters.settled += Int64(entry.completed.count)
    }
}

package import SluiceLoop

/// Everything that one node decides about slots, as a pure value: who starts, what is asked for and of whom, what is
/// reported, who leads.
///
/// `apply` takes an event in; `turn` does all that is due and says what is to be carried out. Whoever carries it out
/// (`SlotCoordinator` with Redis, the simulation with a virtual network) brings the answers back as events. Nothing here
/// asks a clock or waits. The parts of the work are in extensions, a file each.
package struct SlotNode: Sendable {
    package let id: NodeID
    package let terms: LedgerTerms
    package let options: CoordinatorOptions
    /// Whether other nodes share the ledger; without them nobody leads and the node reserves for itself.
    let isShared: Bool

    package internal(set) var election: Election?
    package internal(set) var board: DemandBoard?
    package internal(set) var queue = NodeQueue()
    package internal(set) var book = SettleBook()
    package internal(set) var outlook: Outlook?
    /// Whether the ledger last said that every mirror's circuit is open, or half open.
    package internal(set) var isEveryMirrorFailing = false
    var stock = SlotStock()
    package internal(set) var tick = LedgerTick()
    package internal(set) var figures = CoordinatorFigures()
    var lives = LedgerLives()
    /// What the ledger last said of itself.
    var lastStamp: LedgerStamp?
    var demand = DemandState()
    var direct = DirectState()
    var muster: MusterState
    var rules: RulesState
    var reach: MirrorReach
    var forecast: ForecastState
    /// Who waits in the pool, as the leader last said.
    var crowd = Crowd.nobody
    /// Who would use a slot that nobody wants, while the ledger is asked for one.
    var spareWaiters: Set<UInt64> = []
    var isSettling = false
    var isPulling = false
    var isListeningAsLeader = false
    package internal(set) var isStopped = false
    /// How many reports may still fail before a node that leaves gives up.
    var lastReports = 2
    /// Whether what is left to report stays untold: its slots come back by themselves.
    var hasGivenUp: Bool { isStopped && lastReports <= 0 }
    /// Whether the ledger's last answer was a failure.
    package internal(set) var isLedgerFailing = false
    var effects: [Effect] = []
    var random: any RandomNumberGenerator & Sendable

    /// - Parameter random: spreads retries; a simulation passes a seeded one.
    package init(
        id: NodeID, terms: LedgerTerms, options: CoordinatorOptions, isShared: Bool, now: Instant,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.id = id
        self.terms = terms
        self.options = options
        self.isShared = isShared
        self.random = random
        muster = MusterState(memory: NodeMemory(id: id, terms: terms), nextCopy: now)
        forecast = ForecastState(latencies: Array(repeating: 0, count: terms.mirrors.count))
        reach = MirrorReach(mirrors: terms.mirrors.count)
        rules = RulesState(agreed: terms.mirrors, mark: TermsMark(terms), isAdmitted: !isShared, nextAt: now)
        if isShared {
            election = Election(node: id.text, timings: options.timings, campaigns: options.campaigns, now: now, random: random)
        }
    }

    /// Does everything that is due at `now`, and returns what is to be carried out, in order.
    package mutating func turn(now: Instant) -> [Effect] {
        giveSlots(now: now)
        stepForecast(now: now)
        refuseExpired(now: now)
        returnSurplus(now: now)
        stepRules(now: now)
        if rules.isAdmitted { stepElection(now: now) }
        stepMuster(now: now)
        seekSlots(now: now)
        settleIfDue(now: now)
        return takeEffects()
    }

    /// Gives what is in hand to those who wait, and no more than that: `turn` must follow before anything else can be due.
    package mutating func serve(now: Instant) -> [Effect] {
        giveSlots(now: now)
        return takeEffects()
    }

    private mutating func takeEffects() -> [Effect] {
        var due: [Effect] = []
        swap(&due, &effects)
        return due
    }

    /// When `turn` must be called next, if nothing happens before.
    package mutating func nextStep(now: Instant) -> Instant? {
        let steps = [
            queue.nextStep(keep: keep(now: now)), isSettling || hasGivenUp ? nil : book.due, rules.isAdmitted ? election?.nextStep : nil,
            rules.foreignVersion == nil ? board?.nextStep(now: now) : nil, nextSeek(now: now), nextMusterStep, nextRulesStep,
        ]
        return steps.compactMap { $0 }.min()
    }
}

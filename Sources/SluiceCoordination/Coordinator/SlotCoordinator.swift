package import SluiceLoop
package import SluiceRedis

/// One node's membership in a pool: carries out what its `SlotNode` decides, and brings it the answers.
///
/// Callers ask for slots here and say what became of them. Every event plans one turn, just before the loop next waits, in
/// which the node does all that is due; one timer is set to what is due next.
package actor SlotCoordinator {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    let loop: EventLoop
    let ledger: any SlotLedger
    let redis: RedisClient?
    let lease: LeaseStore?
    package nonisolated let id: NodeID
    package nonisolated let keys: PoolKeys
    var subscriber: RedisSubscriber?
    var node: SlotNode
    /// Hears what the ledger says of the mirrors, on the loop's thread.
    private(set) var observe: (@Sendable ([MirrorStatus], LedgerStamp) -> Void)?
    /// What last went wrong underneath.
    var lastFailure: (any Error)?

    /// Tells the operator.
    let log: @Sendable (String) -> Void

    /// Who is to be told of the end of a wait.
    enum Waiting {
        case task(CheckedContinuation<Result<Slot, CoordinationError>, Never>)
        case claimant(any SlotClaimant)

        func end(_ outcome: Result<Slot, CoordinationError>) {
            switch self {
            case .task(let continuation): continuation.resume(returning: outcome)
            case .claimant(let claimant): claimant.claimEnded(outcome)
            }
        }
    }

    var waiting: [UInt64: Waiting] = [:]
    /// Outcomes of waiters whose call has not begun to wait yet.
    var early: [UInt64: Result<Slot, CoordinationError>] = [:]
    private var lastWaiter: UInt64 = 0
    /// What was asked of Redis and is not answered.
    private var underWay: [UInt64: Task<Void, Never>] = [:]
    private var lastWork: UInt64 = 0
    /// The change of channels that is under way.
    var listening: Task<Void, Never>?
    private var timer: LoopTimer?
    private(set) var isTurnPlanned = false
    /// What callers take and give back on their own threads.
    nonisolated let shelf = SlotShelf()
    let shelfPause: Int64
    /// When to look what has happened on the shelf; nil: nothing has, as far as is known.
    var lookAt: Instant?
    /// When to see which of the held slots are to be renewed; nil: none was held at the last turn.
    var renewAt: Instant?

    /// - Parameters:
    ///   - ledger: in Redis, or in memory for one process.
    ///   - redis: nil with the ledger in memory: then nobody leads and the node reserves for itself.
    ///   - log: where sentences for the operator go.
    package init(
        loop: EventLoop, ledger: any SlotLedger, redis: RedisClient?, id: NodeID, keys: PoolKeys, options: CoordinatorOptions,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(CoordinationError) {
        try options.timings.validate()
        self.log = log
        self.loop = loop
        self.ledger = ledger
        self.redis = redis
        self.id = id
        self.keys = keys
        shelfPause = options.shelfPause
        node = SlotNode(id: id, terms: ledger.terms, options: options, isShared: redis != nil, now: .now)
        lease = redis.map { LeaseStore(redis: $0, keys: keys, node: id, lease: options.timings.lease) }
    }

    /// Joins the pool. Events of the subscriber are to be passed on to `received`.
    /// - Parameter observe: hears what the ledger says of the mirrors, on the loop's thread.
    package func start(subscriber: RedisSubscriber?, observe: (@Sendable ([MirrorStatus], LedgerStamp) -> Void)? = nil) {
        guard timer == nil, !node.isStopped else { return }
        self.observe = observe
        timer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.turn() } }
        self.subscriber = subscriber
        if let subscriber {
            // Not waited for: a lost subscription costs time, never a slot, and the subscriber repeats it after each reconnect.
            let channels = [keys.beat, keys.grants(to: id)]
            launch { _ in try? await subscriber.subscribe(channels) }
        }
        turn()
    }

    /// What this node counts, at this moment.
    package var snapshot: CoordinatorFigures {
        clearShelf()
        planTurn()
        var snapshot = node.figures
        snapshot.waiting = node.queue.line.count
        snapshot.epoch = node.election?.epoch ?? 0
        snapshot.poolWaiting = node.board?.waiting ?? 0
        if node.election == nil { snapshot.role = "embedded" }
        return snapshot
    }

    /// Whether the last call that had to change the ledger failed.
    package var isLedgerFailing: Bool { node.isLedgerFailing }

    /// Whether every mirror's circuit is open, or half open, as far as this node knows: it may be a second or so ago.
    package var isEveryMirrorFailing: Bool { node.isEveryMirrorFailing }

    /// When all nodes next do what can wait, well after `now`.
    package func nextTick(after now: Instant) -> Instant { node.tick.nearest(to: now.advanced(byMicroseconds: LedgerTick.period)) }

    /// How many nodes the pool has; a node that reserves for itself takes no more than its share.
    package func learned(liveNodes: Int) { apply(.counted(liveNodes: liveNodes)) }

    /// Leaves the pool: waiters get an error, unused slots go back, a lease is given back.
    package func shutDown() async {
        guard !node.isStopped else { return }
        apply(.stopped)
        turn()
        // Answers may bring slots, which go back, and reports leave one after another: until nothing is under way.
        while let work = underWay.values.first {
            await work.value
            turn()
        }
        timer?.close()
        timer = nil
    }

    // MARK: Turns

    /// Tells the node what happened; it decides before the loop next waits.
    func apply(_ event: SlotNode.Event) {
        clearShelf()
        node.apply(event, now: .now)
        planTurn()
    }

    /// A turn follows before the loop next waits.
    func planTurn() {
        guard !isTurnPlanned else { return }
        isTurnPlanned = true
        loop.beforeWaiting { [weak self] in self?.assumeIsolated { $0.turn() } }
    }

    /// Lets the node do everything that is due.
    func turn() {
        isTurnPlanned = false
        // First: what has just become due is due in this turn.
        clearShelf()
        let now = Instant.now
        renewHolds(now: now)
        for effect in node.turn(now: now) { carryOut(effect, now: now) }
        if node.isShelfBusy(now: now) { lookAt = now.advanced(byMicroseconds: shelfPause) }
        let next = [node.nextStep(now: .now), renewAt, lookAt].compactMap { $0 }.min()
        timer?.schedule(at: next ?? .distantFuture)
        layOut(now: now)
    }

    /// Sees to it that a turn comes by this instant.
    func setTimer(noLaterThan instant: Instant) {
        if instant < timer?.scheduledAt ?? .distantFuture { timer?.schedule(at: instant) }
    }

    /// Serves who can be served from what is in hand: a local step, of which there may be many in one turn of the loop.
    func serve() {
        let now = Instant.now
        for effect in node.serve(now: now) { carryOut(effect, now: now) }
    }

    /// A number for somebody who begins to wait.
    func newWaiter() -> UInt64 {
        lastWaiter += 1
        return lastWaiter
    }

    /// Starts work that waits for replies, without a change of thread at each wait.
    @discardableResult
    func launch(_ work: @escaping @Sendable (isolated SlotCoordinator) async -> Void) -> Task<Void, Never> {
        lastWork += 1
        let id = lastWork
        let task = Task(executorPreference: loop) { await self.run(id, work) }
        underWay[id] = task
        return task
    }

    private func run(_ id: UInt64, _ work: @Sendable (isolated SlotCoordinator) async -> Void) async {
        await work(self)
        underWay[id] = nil
    }
}

package import SluiceLoop
package import SluiceRedis

/// One node's membership in a pool: gets slots for its waiters and tells the ledger what became of them.
///
/// It carries out what the pure parts decide: `Election` (who leads), `DemandBoard` (what the leader asks for),
/// `NodeQueue` (who starts), `SettleBook` (what is reported). Every event ends in `turn`, which does all that is due
/// and sets the one timer to what is due next. The parts of its work are in extensions, a file each.
package actor SlotCoordinator {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    let loop: EventLoop
    let ledger: any SlotLedger
    let redis: RedisClient?
    let lease: LeaseStore?
    package nonisolated let node: NodeID
    package nonisolated let keys: PoolKeys
    let options: CoordinatorOptions
    var subscriber: RedisSubscriber?

    var election: Election?
    var board: DemandBoard?
    var queue = NodeQueue()
    var book = SettleBook()
    var lives = LedgerLives()
    var outlook: Outlook?
    var figures = CoordinatorFigures()

    var continuations: [UInt64: CheckedContinuation<Result<Slot, CoordinationError>, Never>] = [:]
    var nextWaiter: UInt64 = 0
    var demand = DemandState()
    var direct = DirectState()
    /// The settle that is under way.
    var settling: Task<Void, Never>?
    var isPulling = false
    var isListeningAsLeader = false
    var isStopped = false
    /// What last went wrong with the ledger, until something goes right.
    var lastFailure: (any Error)?

    private var timer: LoopTimer?
    private var isTurnPlanned = false

    /// - Parameters:
    ///   - ledger: in Redis, or in memory for one process.
    ///   - redis: nil with the ledger in memory: then nobody leads and the node reserves for itself.
    package init(
        loop: EventLoop, ledger: any SlotLedger, redis: RedisClient?, node: NodeID, keys: PoolKeys, options: CoordinatorOptions
    ) throws(CoordinationError) {
        try options.timings.validate()
        self.loop = loop
        self.ledger = ledger
        self.redis = redis
        self.node = node
        self.keys = keys
        self.options = options
        lease = redis.map { LeaseStore(redis: $0, keys: keys, node: node, lease: options.timings.lease) }
    }

    /// Joins the pool. Events of the subscriber are to be passed on to `received`.
    package func start(subscriber: RedisSubscriber?) {
        guard timer == nil, !isStopped else { return }
        timer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.turn() } }
        self.subscriber = subscriber
        if redis != nil {
            election = Election(node: node.text, timings: options.timings, campaigns: options.campaigns, now: .now)
            // Not waited for: a lost subscription costs time, never a slot, and the subscriber repeats it after each reconnect.
            launch { try? await $0.subscriber?.subscribe([$0.keys.beat, $0.keys.grants(to: $0.node)]) }
        }
        turn()
    }

    /// Does everything that is due before the loop next waits; many events in one loop turn cost one pass.
    func planTurn() {
        guard !isTurnPlanned else { return }
        isTurnPlanned = true
        loop.beforeWaiting { [weak self] in self?.assumeIsolated { $0.turn() } }
    }

    /// Starts work that waits for replies, without a change of thread at each wait.
    @discardableResult
    func launch(_ work: @escaping @Sendable (isolated SlotCoordinator) async -> Void) -> Task<Void, Never> {
        Task(executorPreference: loop) { await work(self) }
    }

    /// Does everything that is due.
    func turn() {
        isTurnPlanned = false
        let now = Instant.now
        giveSlots(now: now)
        refuseExpired(now: now)
        returnSurplus(now: now)
        stepElection(now: now)
        seekSlots(now: now)
        settleIfDue(now: now)
        timer?.schedule(at: nextStep(now: now) ?? .distantFuture)
    }

    private func nextStep(now: Instant) -> Instant? {
        let steps = [
            queue.nextStep(), settling == nil ? book.due : nil, election?.nextStep, board?.nextStep(now: now), nextSeek(now: now),
        ]
        return steps.compactMap { $0 }.min()
    }

    /// What this node counts, at this moment.
    package var snapshot: CoordinatorFigures {
        var snapshot = figures
        snapshot.waiting = queue.line.count
        snapshot.epoch = election?.epoch ?? 0
        snapshot.poolWaiting = board?.waiting ?? 0
        if election == nil { snapshot.role = "embedded" }
        return snapshot
    }

    /// How many nodes the pool has; a node that reserves for itself takes no more than its share.
    package func learned(liveNodes: Int) { direct.liveNodes = max(1, liveNodes) }

    /// Leaves the pool: waiters get an error, unused slots go back, a lease is given back.
    package func shutDown() async {
        guard !isStopped else { return }
        isStopped = true
        for waiter in queue.removeEverybody() {
            let error = CoordinationError(code: .shutDown, message: "the pool shut down while a call waited for its slot")
            continuations.removeValue(forKey: waiter.id)?.resume(returning: .failure(error))
        }
        let now = Instant.now
        for (slot, count) in queue.surplus(now: now, all: true) {
            book.record(.unsent, of: slot.grant, count: count, urgent: true, now: now)
        }
        await settleEverything()
        await resign()
        timer?.close()
        timer = nil
    }
}

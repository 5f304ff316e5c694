package import SluiceLoop
package import SluiceRedis

/// One process's locks and semaphores: carries out what its `PermitDesk` decides, and brings it the answers.
package actor PermitStore {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    typealias Outcome = Result<PermitHold?, CoordinationError>

    /// A permit that its owner has in hand; what is here must not keep it.
    struct WeakHold {
        weak var hold: PermitHold?
    }

    let loop: EventLoop
    let redis: RedisClient
    let node: NodeID
    let keys: PoolKeys
    var desk = PermitDesk()
    var subscriber: RedisSubscriber?
    /// Why the last call for a waiter failed.
    var failures: [UInt64: RedisError] = [:]
    var waiters: [UInt64: CheckedContinuation<Outcome, Never>] = [:]
    var holds: [UInt64: WeakHold] = [:]
    var releases: [UInt64: CheckedContinuation<PermitDesk.Release, Never>] = [:]
    private var lastRequest: UInt64 = 0
    private var timer: LoopTimer?
    private var isListening = false
    private var isStopped = false

    package init(loop: EventLoop, redis: RedisClient, node: NodeID, keys: PoolKeys) {
        self.loop = loop
        self.redis = redis
        self.node = node
        self.keys = keys
    }

    /// Begins. Events of the subscriber are to be passed on to `received`.
    package func start(subscriber: RedisSubscriber) {
        guard timer == nil, !isStopped else { return }
        timer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.turn() } }
        self.subscriber = subscriber
    }

    /// The channel on which this node hears of permits given to it.
    package nonisolated var channel: String { keys.permitChannel + node.text }

    /// Waits for a permit.
    /// - Returns: nil when `aim` is `.try` and there was none, or `.open`.
    /// - Throws: `CoordinationError`, at the deadline at the latest: `.permitTimeout` when none came free, `.coordinatorUnavailable`,
    ///   `.invalidConfiguration` when the semaphore has another number of permits, `.cancelled`, `.shutDown`.
    package func acquire(
        _ resource: PermitResource, aim: PermitRequest.Aim = .wait, deadline: Instant
    ) async throws(CoordinationError) -> PermitHold? {
        listen()
        lastRequest += 1
        let id = lastRequest
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                waiters[id] = continuation
                apply(.wanted(id, PermitRequest(resource, aim: aim, deadline: deadline, now: .now)))
                if Task.isCancelled { apply(.cancelled(id)) }
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.apply(.cancelled(id)) } }
        }
        return try outcome.get()
    }

    /// Gives a permit back. Only the first call has an effect.
    package func release(_ hold: PermitHold) async -> PermitDesk.Release {
        guard hold.giveBack() else { return .again }
        guard holds.removeValue(forKey: hold.id) != nil, desk.requests[hold.id] != nil else { return .notHeld }
        return await withCheckedContinuation { continuation in
            releases[hold.id] = continuation
            apply(.givenBack(hold.id))
        }
    }

    /// How many requests of this process wait, and how many hold.
    package var counts: (waiting: Int, held: Int) { desk.counts }

    /// Ends: who waits gets `.shutDown`; what is held is lost to its owner, and free when its lease ends.
    package func shutDown() async {
        guard !isStopped else { return }
        isStopped = true
        apply(.stopped)
        timer?.close()
        timer = nil
        let left = releases
        releases = [:]
        for continuation in left.values { continuation.resume(returning: .uncertain) }
    }

    // MARK: Turns

    func apply(_ event: PermitDesk.Event) {
        perform(desk.apply(event, now: .now))
        timer?.schedule(at: desk.nextStep)
    }

    private func turn() {
        perform(desk.due(now: .now))
        timer?.schedule(at: desk.nextStep)
    }

    private func perform(_ effects: [PermitDesk.Effect]) {
        for effect in effects { carryOut(effect) }
    }

    /// Wants messages from the first request on; a process without locks costs the server nothing.
    private func listen() {
        guard !isListening, let subscriber else { return }
        isListening = true
        Task(executorPreference: loop) { await self.subscribe(with: subscriber) }
    }

    private func subscribe(with subscriber: RedisSubscriber) async {
        // A failure leaves the wish standing: the subscriber fulfils it with its next connection, and says so.
        if (try? await subscriber.subscribe([channel])) != nil { apply(.listening) }
    }
}

import SluiceCache
import SluiceCoordination
import SluiceHTTP
import SluiceLoop
import SluiceRedis

/// The parts of one pool in one process, all on one loop: made together, started together, ended in order.
actor PoolCore {
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    nonisolated let loop: EventLoop
    nonisolated let configuration: PoolConfiguration
    nonisolated let mirrors: [Mirror]
    nonisolated let rules: [MirrorRules]
    nonisolated let node: NodeID
    nonisolated let keys: PoolKeys
    nonisolated let redis: RedisClient?
    nonisolated let http: HTTPClient
    nonisolated let ledger: any SlotLedger
    nonisolated let coordinator: SlotCoordinator
    nonisolated let cache: ResponseCache
    nonisolated let owedPurges: OwedPurges
    nonisolated let fetcher: Fetcher
    /// Locks and semaphores; nil without Redis.
    nonisolated let permits: PermitStore?
    nonisolated let news: ConnectionNews
    private let conduct: ConductNews
    /// All that is to be ended.
    private var parts: PoolParts
    private var callsUnderWay = 0
    private var idle: CheckedContinuation<Void, Never>?
    private var ending: Task<Void, Never>?

    /// How long a granted slot may wait for its request to leave, in microseconds.
    private static let hold: Int64 = 2_000_000

    init(_ configuration: PoolConfiguration) throws(SluiceError) {
        try configuration.validate()
        let resolved = try configuration.resolvedMirrors()
        self.configuration = configuration
        news = ConnectionNews(log: configuration.log)
        mirrors = resolved.map(\.mirror)
        rules = resolved.map(\.rules)
        conduct = ConductNews(rules: rules, log: configuration.log)
        var random = SystemRandomNumberGenerator()
        node = NodeID(host: HostName.current, process: HostName.processID, random: &random)
        let loop = EventLoop(name: "sluice")
        self.loop = loop
        do {
            let terms = try LedgerTerms(mirrors: rules, hold: Self.hold, requestTimeout: configuration.timeout.microseconds)
            var httpOptions = HTTPClientOptions()
            httpOptions.bodyBytes = configuration.responseLimit
            http = try HTTPClient(loop: loop, options: httpOptions)
            let endpoint = try configuration.redis.map { url throws(RedisError) in try RedisEndpoint(url: url) }
            keys = PoolKeys(pool: configuration.pool, database: endpoint?.database ?? 0)
            if let endpoint {
                var redisOptions = RedisClientOptions()
                redisOptions.clientName = "sluice-\(node.tag)"
                let client = RedisClient(endpoint: endpoint, loop: loop, options: redisOptions)
                redis = client
                ledger = RedisSlotLedger(client: client, pool: keys, node: node, terms: terms)
            } else {
                redis = nil
                ledger = InMemorySlotLedger(terms: terms, loop: loop)
            }
            permits = redis.map { [loop, node, keys] in PermitStore(loop: loop, redis: $0, node: node, keys: keys) }
            var options = CoordinatorOptions()
            options.timings = ElectionTimings(lease: configuration.lease)
            options.campaigns = configuration.isLongLived
            coordinator = try SlotCoordinator(
                loop: loop, ledger: ledger, redis: redis, id: node, keys: keys, options: options,
                log: configuration.log)
            var cacheOptions = CacheOptions()
            cacheOptions.fresh = configuration.cache.fresh
            cacheOptions.stale = configuration.cache.stale
            cacheOptions.memoryBytes = configuration.cache.memory
            cacheOptions.bodyLimit = configuration.responseLimit
            cacheOptions.holder = node.text
            cacheOptions.differingFields = Mirror.differingFields(mirrors)
            cache = ResponseCache(loop: loop, redis: redis, prefix: keys.prefix, options: cacheOptions)
            owedPurges = OwedPurges(loop: loop, cache: cache)
            fetcher = Fetcher(
                loop: loop, http: http, coordinator: coordinator, ledger: ledger, mirrors: mirrors, timeout: configuration.timeout,
                news: conduct)
            parts = PoolParts(
                news: news, owedPurges: owedPurges, cache: cache, permits: permits, http: http, coordinator: coordinator, redis: redis)
        } catch {
            Task { await loop.shutDown() }
            throw SluiceError(error)
        }
    }

    /// Connects and joins the pool.
    /// - Throws: `SluiceError` when Redis refuses us for good (password, version). A Redis that cannot be reached is no
    ///   error here: it is tried again, and calls say so meanwhile.
    func start() async throws(SluiceError) {
        if let redis, let url = configuration.redis {
            await redis.start()
            try await greet(redis)
            let cache = cache
            let coordinator = coordinator
            let permits = permits
            let news = news
            do throws(RedisError) {
                var options = RedisClientOptions()
                options.clientName = "sluice-\(node.tag)-sub"
                let subscriber = RedisSubscriber(
                    endpoint: try RedisEndpoint(url: url), loop: loop, options: options, trackingPrefix: cache.trackedPrefix,
                    beside: redis, troubled: { news.heard(refusedSince: $0?.messageRefusal) }
                ) { event in
                    // On the loop's thread, which both actors live on.
                    coordinator.assumeIsolated { $0.received(event) }
                    permits?.assumeIsolated { $0.received(event) }
                    switch event {
                    case .connected:
                        cache.assumeIsolated { $0.connectionRestored() }
                        news.back()
                    case .disconnected:
                        cache.assumeIsolated { $0.connectionLost() }
                        news.lost()
                    case .invalidated(let keys): cache.assumeIsolated { $0.invalidated(keys: keys) }
                    case .message: break
                    }
                }
                parts.subscriber = subscriber
                await subscriber.start()
                await permits?.start(subscriber: subscriber)
            } catch {
                throw SluiceError(redis: error)
            }
        }
        let conduct = conduct
        await coordinator.start(subscriber: parts.subscriber) { conduct.heard($0, $1) }
        if configuration.cache.refreshesAhead {
            await cache.refreshes { [fetcher] key, need in try await fetcher.fetch(key, for: need) }
        }
        if let redis {
            let publisher = MetricsPublisher(core: self, redis: redis)
            parts.publisher = publisher
            await publisher.start()
        }
    }

    /// Finds out whether Redis refuses us for good. One that does not answer within the time of a call is tried on, behind
    /// our back.
    private func greet(_ redis: RedisClient) async throws(SluiceError) {
        let patience = Instant.now.advanced(by: min(configuration.deadline, .seconds(2)))
        let answer = await withCheckedContinuation { (continuation: CheckedContinuation<Result<RedisValue, RedisError>?, Never>) in
            let race = Race(continuation)
            race.timer = LoopTimer(on: loop) { race.end(nil) }
            race.timer?.schedule(at: patience)
            redis.submit([Array("PING".utf8)]) { race.end($0) }
        }
        switch answer {
        case .success: return
        case .failure(let error):
            switch error.code {
            case .authentication, .untrusted, .tooOld, .invalidConfiguration, .refused: throw SluiceError(redis: error)
            default: configuration.log("Redis is out of reach, and is tried again: \(error.message)")
            }
        case nil:
            let cause = await redis.lastConnectionError.map { ": \($0.message)" } ?? ""
            configuration.log("Redis at \(redis.endpoint) does not answer, and is tried again\(cause)")
        }
    }

    /// An answer or the end of patience, whichever comes first. Confined to the loop's thread.
    private final class Race {
        var timer: LoopTimer?
        private var continuation: CheckedContinuation<Result<RedisValue, RedisError>?, Never>?

        init(_ continuation: CheckedContinuation<Result<RedisValue, RedisError>?, Never>) { self.continuation = continuation }

        func end(_ answer: Result<RedisValue, RedisError>?) {
            timer?.close()
            timer = nil
            continuation?.resume(returning: answer)
            continuation = nil
        }
    }

    /// A call begins.
    /// - Throws: `SluiceError` with code `.shutDown` when the pool is ending.
    func enter() throws(SluiceError) {
        guard ending == nil else { throw .poolIsShutDown }
        callsUnderWay += 1
    }

    /// A call has ended.
    func leave() {
        callsUnderWay -= 1
        checkIdle()
    }

    /// Whoever waits for the end of all calls need not wait any longer, if it has come.
    func checkIdle() {
        guard underWay == 0 else { return }
        stopWaiting()
    }

    /// How many calls are under way: those that wait for something, and those that hold a slot.
    var underWay: Int { callsUnderWay + coordinator.heldCount }

    /// Ends the pool: no new calls, those under way get `grace` to end, then everything is given back. Whoever asks again waits
    /// for the same end.
    func shutDown(grace: Duration) async {
        let ending = ending ?? Task { await end(grace: grace) }
        self.ending = ending
        await ending.value
    }

    private func end(grace: Duration) async {
        coordinator.closeShelf()
        if underWay > 0 {
            let timer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.stopWaiting() } }
            timer.schedule(at: Instant.now.advanced(by: grace))
            await withCheckedContinuation { idle = $0 }
            timer.close()
        }
        await parts.end()
    }

    /// Nobody has it any more: no call is under way, no lock or permit is left. Its thread and its connections would stay for ever.
    deinit {
        guard ending == nil else { return }
        Task.detached { [parts, loop] in
            await parts.end()
            await loop.shutDown()
        }
    }

    private func stopWaiting() {
        idle?.resume()
        idle = nil
    }
}

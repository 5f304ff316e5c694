package import SluiceLoop
package import SluiceRedis
import Synchronization

/// One process's cache of a pool: `memory → Redis → flight → fetch`.
///
/// All callers of a key share one flight, and all processes share one fetch (G3). A record read from Redis is served from memory until its
/// invalidation arrives or could have been lost; then the next read asks Redis whether it still is the same (G4). Every call ends by its
/// deadline, in an answer or a typed error (G5).
///
/// It lives on the loop. Its owner passes on what the tracking subscriber hears, on the loop, in order: ``invalidated(keys:)``,
/// ``connectionLost()`` and ``connectionRestored()``, the last also for the first connection. The subscriber tracks ``trackedPrefix``.
package actor ResponseCache {
    /// What asks a mirror: it takes a slot and sends the request. It runs on the loop.
    package typealias Fetch = @Sendable (FetchNeed) async throws -> FetchedResponse

    /// Where it lives.
    nonisolated let loop: EventLoop
    /// The first tier.
    nonisolated let memory: MemoryTier
    /// Counts that do not come from the memory tier.
    nonisolated let counters = Mutex(CacheStatistics())
    /// nil: embedded, one process.
    let redis: RedisTier?
    /// The settings.
    let options: CacheOptions
    /// The names in Redis.
    let keys: RedisKeys
    /// The spans that flights reckon with.
    let timing: Flight.Timing

    /// The flights under way.
    var flights: [CacheKey: FlightCell] = [:]
    /// When they want to be woken.
    var wakes = WakeQueue<FlightCell>()
    /// The one timer behind `wakes`; made on first use, since that must happen on the loop.
    var timer: LoopTimer?
    /// What was purged, where there is no Redis to remember it; with Redis, the tags that this process purged.
    var purges = PurgeLog()
    /// What is worth a slot that nobody wants.
    var refreshQueue = RefreshQueue()
    /// Whether one may be asked for.
    var refreshGate = RefreshGate()
    /// Opens the gate again.
    var refreshTimer: LoopTimer?
    /// How answers are fetched that nobody waits for; nil: nothing is refreshed ahead.
    var refresher: (@Sendable (CacheKey, FetchNeed) async throws -> FetchedResponse)?
    /// The policies of entries in memory.
    var policies = PolicyShelf()
    /// Whether it has ended: then nothing more is decided.
    var isShutDown = false
    private var lastNumber: UInt64 = 0
    /// Makes tokens and versions of this process unlike any other's.
    private let instance = String(UInt64.random(in: 1 << 60 ... .max), radix: 36)

    /// The loop's thread.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// A cache that answers at once; with Redis, memory is trusted from the first ``connectionRestored()`` on.
    /// - Parameters:
    ///   - redis: a client on the same loop, or nil for a cache of this process alone.
    ///   - prefix: `sluice:{POOL}:`, with the pool's name as hash tag.
    ///   - options: they should have passed ``CacheOptions/validate()``.
    package init(loop: EventLoop, redis: RedisClient?, prefix: String, options: CacheOptions = .init()) {
        self.loop = loop
        var options = options
        if redis == nil { options.compressedFrom = nil }
        self.options = options
        keys = RedisKeys(prefix: prefix)
        memory = MemoryTier(byteLimit: options.memoryBytes, era: TrustEra(isTracked: redis != nil))
        let lease = options.flightLease.milliseconds
        timing = Flight.Timing(lease: lease * 1_000)
        let keys = keys
        self.redis = redis.map { RedisTier(client: $0, keys: keys, lease: lease, holder: options.holder, bodyLimit: options.bodyLimit) }
    }

    /// The prefix that the subscriber should track: that of all records, and of nothing else.
    package nonisolated var trackedPrefix: String { keys.recordPrefix }

    // MARK: Reading

    /// The answer if this process's memory has it, fresh and verified. From any thread, without a hop.
    /// - Parameter span: how long ago a mirror may have given it at most; nil: as long as it is fresh.
    package nonisolated func memoryHit(for key: CacheKey, within span: Duration? = nil) -> CacheAnswer? {
        let now = Instant.now
        return memory.hit(key, now: now, since: Self.since(span, now))?.answer(from: .memory, now: now)
    }

    /// The same for `GET` of a path and query as they were given. What is not in normal form is found by its key only.
    package nonisolated func memoryHit(target: String, within span: Duration? = nil) -> CacheAnswer? {
        let now = Instant.now
        return memory.hit(target: target, now: now, since: Self.since(span, now))?.answer(from: .memory, now: now)
    }

    private static func since(_ span: Duration?, _ now: Instant) -> Instant {
        span.map { now.advanced(by: .zero - $0) } ?? Recency.any.fresh
    }

    /// The answer for a key: from memory, from Redis, from a flight under way, or by a fetch.
    ///
    /// A stale record is served while it is refreshed, or when the mirrors or Redis fail, within its bounds. A cancelled caller leaves; the
    /// fetch goes on while anybody wants it.
    /// - Parameters:
    ///   - policy: how to keep the answer, should this call's fetch bring it.
    ///   - deadline: until when the caller waits.
    ///   - acceptsStale: false: a stale record is given only when mirrors or Redis fail; its refresh is a miss like any other.
    ///   - maxAge: how long ago a mirror may have given the answer at most; an older one is given, as stale, only when mirrors or Redis fail.
    ///   - urgency: how urgent the answer is, the less the more; a fetch is as urgent as to the most urgent of those who wait for it.
    ///   - fetch: asks a mirror; called at most once at a time for a key over all processes.
    /// - Throws: ``CacheError`` (`.deadlineExceeded`, `.redisUnavailable`, `.refusedByRedis`, `.shutDown`), `CancellationError`, or the
    ///   error of the fetch.
    package func answer(
        for key: CacheKey, policy: CachePolicy = .init(), deadline: Instant, acceptsStale: Bool = true, maxAge: Duration? = nil,
        urgency: Int = 1, fetch: @escaping Fetch
    ) async throws -> CacheAnswer {
        guard !isShutDown else { throw Self.shutDownError }
        let now = Instant.now
        let recency = Recency(maxAge: maxAge, policy: policy, now: now)
        if let hit = memory.hit(key, now: now, since: recency.fresh) { return hit.answer(from: .memory, now: now) }
        if acceptsStale, let entry = memory.find(key, now: now), memory.isVerified(entry), now < entry.refreshUntil,
            entry.receivedAt >= recency.stale
        {
            if flights[key] == nil { refreshStale(key, entry, policy, deadline, urgency, fetch) }
            return counted(entry.staleAnswer(from: .memory, now: now))
        }
        guard deadline > now else {
            throw counted(CacheError(.deadlineExceeded, "the deadline had passed before the call; nothing was asked."))
        }
        let caller = nextNumber()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let cell = cell(for: key, policy: policy, urgency: urgency, fetch: fetch)
                cell.join(caller, continuation)
                send(.joined(waiter: caller, deadline: deadline, insists: !acceptsStale, recency: recency), to: cell)
            }
        } onCancel: {
            loop.execute { self.assumeIsolated { $0.leave(caller, key) } }
        }
    }

    // MARK: Coherence

    /// These records were written or deleted, by whomever; nil: all may have been (FLUSHALL). Other names are passed over.
    package func invalidated(keys names: [String]?) {
        guard let names else {
            if memory.era.current != 0 { memory.era.begin() }
            counters.withLock { $0.invalidations += 1 }
            for cell in Array(flights.values) { send(.invalidated, to: cell) }
            return
        }
        for name in names {
            if let prefix = keys.purgedPrefix(of: name) {
                forget(prefix)
                counters.withLock { $0.invalidations += 1 }
                continue
            }
            guard let key = keys.key(ofRecord: name) else { continue }
            memory.distrust(key)
            counters.withLock { $0.invalidations += 1 }
            if let cell = flights[key] { send(.invalidated, to: cell) }
        }
    }

    /// Invalidations no longer reach us: nothing in memory is served as fresh before Redis has confirmed it.
    package func connectionLost() { memory.era.end() }

    /// Invalidations reach us from now on.
    package func connectionRestored() {
        memory.era.begin()
        for cell in Array(flights.values) { send(.trackingRestored, to: cell) }
    }

    // MARK: Numbers and end

    /// Counts so far. From any thread.
    package nonisolated var statistics: CacheStatistics {
        var statistics = counters.withLock { $0 }
        let usage = memory.usage
        statistics.memoryHits += usage.hits
        statistics.memoryBytes = usage.bytes
        statistics.memoryEntries = usage.entries
        statistics.evictions = usage.evictions
        return statistics
    }

    /// Ends every wait with ``CacheError/Code/shutDown``, cancels fetches and gives flights back. Call it before the Redis client ends.
    package func shutDown() async {
        isShutDown = true
        timer?.close()
        timer = nil
        refreshTimer?.close()
        refreshTimer = nil
        // What is fetched with may hold us.
        refresher = nil
        wakes = WakeQueue()
        let cells = Array(flights.values)
        flights.removeAll()
        counters.withLock { $0.flights = 0 }
        for cell in cells {
            cell.fetchTask?.cancel()
            for (_, caller) in cell.takeCallers() { caller.resume(throwing: Self.shutDownError) }
        }
        guard let redis else { return }
        let held = cells.filter(\.flight.isHolder)
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            var open = held.count
            if open == 0 { done.resume() }
            for cell in held {
                redis.abandon(cell.key, token: cell.token) { _ in
                    open -= 1
                    if open == 0 { done.resume() }
                }
            }
        }
    }

    // MARK: Shared with the flights

    /// A number that was not given out before.
    func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// A token that nobody else uses; a record filled under it has it as its version.
    func nextToken() -> String { instance + "-" + String(nextNumber(), radix: 36) }

    /// What calls get once it has ended.
    static let shutDownError = CacheError(.shutDown, "the cache has been shut down; make a new pool to go on.")

    /// What a failure of Redis is to a caller.
    static func cacheError(_ error: RedisError) -> CacheError {
        if error.code == .shutDown { return shutDownError }
        if let refusal = error.writeRefusal {
            return CacheError(
                error.isPassing ? .redisUnavailable : .refusedByRedis,
                "\(refusal): what is stored is served, and nothing is fetched, since a slot has to be written down.", underlying: error)
        }
        return error.isPassing
            ? CacheError(
                .redisUnavailable, "Redis could not be reached, so nothing could be looked up; check the server and its URL.",
                underlying: error)
            : CacheError(.refusedByRedis, "Redis refused the cache's command; see its reply.", underlying: error)
    }
}

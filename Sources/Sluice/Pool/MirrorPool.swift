import SluiceCache
import SluiceLoop

/// One rate-limited API behind all of its mirrors: call it from any thread, task or process and just get the answer.
///
/// Every process that makes a pool of the same name at the same Redis shares its limits and its cache. No mirror ever
/// receives more than its limits allow; each answer is fetched once and then served from memory or Redis. Without Redis
/// the pool works within this process alone.
///
///     let pool = try await MirrorPool(configuration)
///     let post = try await pool.get("/posts/55", as: Post.self)
///     await pool.shutDown()
///
/// Make one per process and keep it; `shutDown()` gives back what the process holds, and waits until that is done. A pool that
/// nobody has any more, nor a lock or permit of it, ends in the same way behind everybody's back.
public final class MirrorPool: Sendable {
    let core: PoolCore

    /// Joins the pool.
    /// - Throws: `SluiceError`: `.invalidConfiguration`; `.coordinatorUnavailable` when Redis refuses the password or is too
    ///   old. A Redis that cannot be reached yet is no error: it is tried again, and calls end by their deadlines.
    public init(_ configuration: PoolConfiguration) async throws(SluiceError) {
        core = try PoolCore(configuration)
        do throws(SluiceError) {
            try await core.start()
        } catch {
            await core.shutDown(grace: .zero)
            await core.loop.shutDown()
            throw error
        }
    }

    /// The answer to `GET path`, from memory, Redis or a mirror.
    ///
    /// Calls for the same key at the same time, in any number of processes, cost one request. An answer with an error status
    /// of the API (404 …) is an answer, not an error.
    /// - Parameter path: begins with one `/`; may have a query, whose parameters' order does not matter.
    /// - Throws: `SluiceError`, by the deadline at the latest; `.noSlotInTime` at once when no slot can come in time.
    public func get(_ path: String, options: CallOptions = CallOptions()) async throws(SluiceError) -> Answer {
        if options.dropsParameters.isEmpty, let hit = core.cache.memoryHit(target: path, within: options.freshWithin) { return Answer(hit) }
        let key: CacheKey
        do throws(CacheKeyError) {
            key = try CacheKey(target: path, dropping: options.dropsParameters)
        } catch {
            throw SluiceError(.invalidRequest, "the path “\(path.excerpt)” cannot be asked for: \(error.message)")
        }
        if let hit = core.cache.memoryHit(for: key, within: options.freshWithin) { return Answer(hit) }
        return try await onLoop { () async throws(SluiceError) in try await core.get(key, options: options) }
    }

    /// Runs what waits much on the loop's actors without changing threads at each wait.
    func onLoop<Result: Sendable>(
        _ body: @Sendable () async throws(SluiceError) -> Result
    ) async throws(SluiceError) -> Result {
        try await withTaskExecutorPreference(core.loop, operation: body)
    }

    /// Ends the pool: new calls are refused, those under way may end within `grace`, then waiters get an error, slots that
    /// were not used and the lease go back, and the process's metrics vanish from Redis.
    public func shutDown(grace: Duration = .seconds(5)) async {
        await core.shutDown(grace: grace)
        await core.loop.shutDown()
    }
}

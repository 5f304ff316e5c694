import SluiceCoordination
import SluiceLoop

extension MirrorPool {
    /// How long a sign of life of a holder or waiter counts, unless told otherwise.
    public static let defaultLease = Duration.seconds(10)

    /// A lock that all processes of the pool share; its key is `sluice:{POOL}:lock:NAME`.
    /// - Parameters:
    ///   - name: 1 to 200 letters, digits and any of `. _ - : / @`.
    ///   - lease: after how long without a sign of life a holder or waiter is taken for dead: 100 ms to an hour.
    /// - Throws: `.invalidConfiguration` when a value cannot be, or the pool has no Redis.
    public func lock(_ name: String, lease: Duration = defaultLease) throws(SluiceError) -> DistributedLock {
        DistributedLock(resource: try resource(.lock, name, permits: 1, lease: lease), core: core)
    }

    /// A semaphore that all processes of the pool share; its key is `sluice:{POOL}:semaphore:NAME`. The first to open it records how
    /// many permits it has.
    /// - Parameters: as ``lock(_:lease:)``; `permits`: how many may hold it at once, 1 to 1,000,000; `deadline`: how long Redis may take
    ///   to answer, nil takes the pool's.
    /// - Throws: `.invalidConfiguration` when a value cannot be, when it exists with another number of permits (the sentence names both),
    ///   or the pool has no Redis; `.coordinatorUnavailable` when Redis does not answer by the deadline.
    public func semaphore(
        _ name: String, permits: Int, lease: Duration = defaultLease, deadline: Duration? = nil
    ) async throws(SluiceError) -> DistributedSemaphore {
        let resource = try resource(.semaphore, name, permits: permits, lease: lease)
        _ = try await core.permit(resource, aim: .open, deadline: deadline)
        return DistributedSemaphore(resource: resource, core: core)
    }

    private func resource(
        _ kind: PermitResource.Kind, _ name: String, permits: Int, lease: Duration
    ) throws(SluiceError) -> PermitResource {
        guard core.permits != nil else {
            throw SluiceError(
                .invalidConfiguration,
                "the \(kind) “\(name.prefix(60))” needs a Redis, and this pool has none; set `redis` (SLUICE_REDIS_URL)")
        }
        do throws(CoordinationError) {
            return try PermitResource(kind: kind, name: name, permits: permits, lease: lease)
        } catch {
            throw SluiceError(error)
        }
    }
}

import SluiceCoordination
import SluiceLoop

/// At most so many at once, over all processes that use the same name in the same pool; first come, first served.
///
///     let semaphore = try await pool.semaphore("reports", permits: 5)
///     try await semaphore.withPermit { try await makeReport() }
///
/// Waiting costs no polling: Redis tells whose turn it is. What is promised, and what is not, stands in <doc:Locks>.
public struct DistributedSemaphore: Sendable {
    let resource: PermitResource
    let core: PoolCore

    /// Its name.
    public var name: String { resource.name }
    /// How many may hold it at once.
    public var permits: Int { resource.permits }

    /// Waits for a permit. Give it back with ``Permit/release()``; better, use ``withPermit(deadline:_:)``.
    /// - Parameter deadline: how long to wait; nil takes the pool's.
    /// - Throws: `SluiceError`, by the deadline at the latest: `.deadlineExceeded` when no permit came free,
    ///   `.coordinatorUnavailable` without Redis, `.invalidConfiguration` when it exists with another number of permits, `.cancelled`
    ///   (the place in the queue is given up), `.shutDown`.
    public func acquire(deadline: Duration? = nil) async throws(SluiceError) -> Permit {
        guard let permit = try await core.permit(resource, aim: .wait, deadline: deadline) else {
            throw SluiceError(.deadlineExceeded, "no permit of the \(resource.description) came free")
        }
        return permit
    }

    /// A permit if there is one now and nobody waits for it, otherwise nil.
    /// - Throws: as ``acquire(deadline:)``; the deadline bounds the question to Redis.
    public func tryAcquire(deadline: Duration? = nil) async throws(SluiceError) -> Permit? {
        try await core.permit(resource, aim: .try, deadline: deadline)
    }

    /// Runs `body` with a permit, and gives it back however `body` ends.
    ///
    /// When the lease cannot be renewed, `body`'s task is cancelled while a fifth of the lease is still left, and the call
    /// throws `.leaseLost` once `body` has ended, whatever it returned.
    /// - Throws: as ``acquire(deadline:)``, what `body` throws, or `.leaseLost`.
    public func withPermit<Result: Sendable>(
        deadline: Duration? = nil, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await core.withPermit(resource, deadline: deadline) { _ in try await body() }
    }
}

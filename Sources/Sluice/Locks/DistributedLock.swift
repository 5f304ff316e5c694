import SluiceCoordination
import SluiceLoop

/// One at a time, over all processes that use the same name in the same pool; first come, first served.
///
///     let lock = try pool.lock("nightly-report")
///     try await lock.withLock { token in try await store.write(report, fence: token) }
///
/// What is promised, and what is not, stands in <doc:Locks>.
public struct DistributedLock: Sendable {
    let resource: PermitResource
    let core: PoolCore

    /// Its name.
    public var name: String { resource.name }

    /// Waits for the lock. Give it back with ``Permit/release()``; better, use ``withLock(deadline:_:)``.
    /// - Throws: as ``DistributedSemaphore/acquire(deadline:)``.
    public func acquire(deadline: Duration? = nil) async throws(SluiceError) -> Permit {
        try await DistributedSemaphore(resource: resource, core: core).acquire(deadline: deadline)
    }

    /// The lock if it is free and nobody waits for it, otherwise nil.
    /// - Throws: as ``DistributedSemaphore/tryAcquire(deadline:)``.
    public func tryAcquire(deadline: Duration? = nil) async throws(SluiceError) -> Permit? {
        try await core.permit(resource, aim: .try, deadline: deadline)
    }

    /// Runs `body` with the lock and its fencing token, and gives the lock back however `body` ends.
    ///
    /// The lock cannot be taken again inside `body`: that would wait for itself until its deadline.
    /// - Throws: as ``DistributedSemaphore/withPermit(deadline:_:)``.
    public func withLock<Result: Sendable>(
        deadline: Duration? = nil, _ body: @escaping @Sendable (_ token: Int64) async throws -> Result
    ) async throws -> Result {
        try await core.withPermit(resource, deadline: deadline) { try await body($0.token) }
    }
}

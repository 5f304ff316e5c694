import SluiceCoordination

/// One permit of a ``DistributedLock`` or ``DistributedSemaphore`` in hand. It is renewed until it is given back.
///
/// A permit whose last copy goes without ``release()`` gives itself back. Swift lets go of a value after its *last use*, which may be
/// before the end of its scope: end what the permit protects with `release()`, or use `withLock` and `withPermit`, which do.
public struct Permit: Sendable {
    let hold: PermitHold
    let core: PoolCore

    /// The fencing token. It grows with each permit of the same name that is given, and never goes back. Send it along with each write
    /// to what the lock protects, and let that refuse a token lower than one it has seen.
    public var token: Int64 { hold.token }

    /// Whether the permit could not be renewed in time, so that another process may have it soon.
    public var isLost: Bool { hold.isLost }

    /// Runs `body` once when the permit is lost, at once if it is already. It comes before the lease ends; it must not block.
    public func whenLost(_ body: @escaping @Sendable () -> Void) { hold.whenLost(body) }

    /// Gives the permit back; the next waiter has it at once.
    /// - Throws: `.notHeld` when it was given back before, `.leaseLost` when it was no longer ours. When Redis cannot be reached there is
    ///   no error: the permit is free when its lease ends.
    public func release() async throws(SluiceError) {
        let what = hold.resource.description
        guard let permits = core.permits else { return }
        let wasLost = hold.isLost
        let outcome = await withTaskExecutorPreference(core.loop) { await permits.release(hold) }
        switch outcome {
        case .done: return
        case .uncertain where !wasLost: return
        case .again:
            throw SluiceError(.notHeld, "the permit \(token) of the \(what) was given back before; release it once")
        default: throw Self.lost(hold)
        }
    }

    static func lost(_ hold: PermitHold, underlying: (any Error)? = nil) -> SluiceError {
        SluiceError(
            .leaseLost,
            """
            the lease of the \(hold.resource.description) (token \(hold.token)) could not be renewed in time; another may hold it: \
            do not use what it protects
            """, underlying: underlying)
    }
}

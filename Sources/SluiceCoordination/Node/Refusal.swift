/// Why a waiter gets no slot.
package enum Refusal: Hashable, Sendable {
    /// No slot can come before its deadline: so many wait before it, and who comes back in so many microseconds can expect one.
    case hopeless(ahead: Int, wait: Int64)
    /// None came until its deadline, after so many microseconds; who comes back in so many can expect one.
    case late(waited: Int64, wait: Int64)
    /// The ledger could not be reached until its deadline, for so many microseconds.
    case unreachable(waited: Int64)
    /// The pool's ledger was begun by nodes that speak this other version.
    case otherVersion(pool: Int64)
    /// Every free slot is wanted, or kept for those who come.
    case nothingToSpare
    /// The node leaves.
    case stopped

    /// As an error, with what lies underneath.
    package func error(underlying: (any Error)?) -> CoordinationError {
        switch self {
        case .hopeless(let ahead, let wait):
            CoordinationError(
                code: .noSlotInTime,
                message:
                    "no slot can come before the deadline: every mirror's limit is used up or its mirror paused, \(ahead) calls wait before it; come back in \(wait / 1_000) ms, or allow more time",
                retryAfter: wait)
        case .late(let waited, let wait):
            CoordinationError(
                code: .noSlotInTime,
                message:
                    "no slot came within \(waited / 1_000) ms; every mirror's limit is used up, or its mirror is paused; come back in \(wait / 1_000) ms, or allow more time",
                retryAfter: wait)
        case .unreachable(let waited):
            CoordinationError(
                code: .coordinatorUnavailable,
                message:
                    "no slot within \(waited / 1_000) ms: the pool's ledger could not be reached, or not be written, so nobody may send; check Redis\(Self.reason(underlying))",
                retryAfter: 1_000_000, underlying: Self.cause(underlying))
        case .otherVersion(let pool):
            CoordinationError(
                code: .incompatibleVersion,
                message:
                    "the pool's processes speak version \(pool) of the coordination protocol, and this one speaks version \(LedgerProtocol.version): it may not take part. Run the same release of Sluice in all processes of the pool, or give this one a pool of its own",
                retryAfter: RulesState.interval, underlying: underlying)
        case .nothingToSpare:
            CoordinationError(
                code: .noSlotInTime, message: "no slot can be spared: others wait, or too few are free; nothing has to be done")
        case .stopped: CoordinationError(code: .shutDown, message: "the pool shut down while a call waited for its slot")
        }
    }

    /// What Redis said, or why it could not be asked.
    private static func reason(_ error: (any Error)?) -> String {
        (error as? LedgerError)?.underlying.map { ": \($0)" } ?? ""
    }

    /// What adds to the reason: what a refusal means; of an unreachable ledger there is no more to be said.
    private static func cause(_ error: (any Error)?) -> (any Error)? {
        guard let error = error as? LedgerError, error.code != .refused else { return error }
        return error.underlying ?? error
    }
}

/// Why a waiter gets no slot.
package enum Refusal: Hashable, Sendable {
    /// No slot can come before its deadline: so many wait before it, and the next slot is so many microseconds away.
    case hopeless(ahead: Int, wait: Int64)
    /// None came until its deadline, after so many microseconds; the next may come in so many.
    case late(waited: Int64, wait: Int64?)
    /// The ledger could not be reached until its deadline, for so many microseconds.
    case unreachable(waited: Int64)
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
                    "no slot can come before the deadline: every mirror's limit is used up or its mirror paused, \(ahead) calls wait already, and the next slot is \(wait / 1_000) ms away; come back then, or allow more time",
                retryAfter: wait)
        case .late(let waited, let wait):
            CoordinationError(
                code: .noSlotInTime,
                message: "no slot came within \(waited / 1_000) ms; every mirror's limit is used up, or its mirror is paused",
                retryAfter: wait)
        case .unreachable(let waited):
            CoordinationError(
                code: .coordinatorUnavailable,
                message: "no slot within \(waited / 1_000) ms: the pool's ledger could not be reached, so nobody may send; check Redis",
                retryAfter: 1_000_000, underlying: underlying)
        case .nothingToSpare:
            CoordinationError(
                code: .noSlotInTime, message: "no slot can be spared: others wait, or too few are free; nothing has to be done")
        case .stopped: CoordinationError(code: .shutDown, message: "the pool shut down while a call waited for its slot")
        }
    }
}

/// Why a call to the cache ended without an answer. Errors of the fetch itself are passed on as they are.
package struct CacheError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure; open, so that later versions can name more.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs.
        package let description: String
        /// A code of this name.
        package init(_ name: String) { description = name }

        /// The caller's deadline passed before there was an answer.
        package static let deadlineExceeded = Code("deadlineExceeded")
        /// Redis could not be reached, and nothing that may be served stale was at hand.
        package static let redisUnavailable = Code("redisUnavailable")
        /// Redis answered with an error (out of memory, read-only replica, no permission …).
        package static let refusedByRedis = Code("refusedByRedis")
        /// The cache was shut down.
        package static let shutDown = Code("shutDown")
        /// A setting cannot work.
        package static let invalidOptions = Code("invalidOptions")
    }

    /// What kind of failure.
    package var code: Code
    /// What happened, what was expected, what to do.
    package var message: String
    /// What lay beneath, if anything.
    package var underlying: (any Error)?

    /// An error with its sentence.
    package init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    /// The code, the sentence, and what lay beneath.
    package var description: String { "\(code): \(message)" + (underlying.map { " (\($0))" } ?? "") }
}

/// An error of a fetch that a later deadline might have avoided (no slot in time, the deadline itself).
///
/// A flight fetches with the latest deadline of those who wait when it starts. Whoever joins it with a later one is
/// not turned away by such an error: the flight starts again for them.
package protocol DeadlineBoundError: Error {
    /// Whether a later deadline might have ended better.
    var endedByDeadline: Bool { get }
}

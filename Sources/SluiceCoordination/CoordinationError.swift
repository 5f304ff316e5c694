/// Why coordination could not do what was asked.
package struct CoordinationError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; open, so that later versions can add codes.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        package init(_ name: String) { description = name }
        /// No slot can come, or came, before the caller's deadline.
        package static let noSlotInTime = Code("noSlotInTime")
        /// Redis could not be reached, so nobody may hand out slots.
        package static let coordinatorUnavailable = Code("coordinatorUnavailable")
        /// The pool's nodes speak another version of the protocol.
        package static let incompatibleVersion = Code("incompatibleVersion")
        /// A setting is impossible.
        package static let invalidConfiguration = Code("invalidConfiguration")
        /// The node is shutting down.
        package static let shutDown = Code("shutDown")
        /// The caller's task was cancelled.
        package static let cancelled = Code("cancelled")
    }

    package let code: Code
    /// What happened, what was expected, what to do.
    package let message: String
    /// When it is worth asking again, in microseconds from now; nil when nobody knows.
    package let retryAfter: Int64?
    /// The failure underneath, if there was one.
    package let underlying: (any Error)?

    package init(code: Code, message: String, retryAfter: Int64? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.underlying = underlying
    }

    package var description: String { message }
}

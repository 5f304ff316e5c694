/// Why a call had no answer.
public struct SluiceError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; open, so that later versions can add codes.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, as it stands in logs and problem documents.
        public let description: String
        /// A code of this name.
        public init(_ name: String) { description = name }

        /// No slot can come, or came, before the deadline; `retryAfter` says when it is worth asking again.
        public static let noSlotInTime = Code("noSlotInTime")
        /// Redis could not be reached, so nobody may send.
        public static let coordinatorUnavailable = Code("coordinatorUnavailable")
        /// The pool's other processes run a release that does not go together with this one.
        public static let incompatibleVersion = Code("incompatibleVersion")
        /// Every attempt at a mirror failed.
        public static let mirrorsUnavailable = Code("mirrorsUnavailable")
        /// The deadline passed while a mirror was being asked.
        public static let deadlineExceeded = Code("deadlineExceeded")
        /// The answer is over the size cap.
        public static let responseTooLarge = Code("responseTooLarge")
        /// A setting is impossible.
        public static let invalidConfiguration = Code("invalidConfiguration")
        /// A path, method or header cannot be sent.
        public static let invalidRequest = Code("invalidRequest")
        /// A decoded value was asked for, and the answer's status is not 2xx.
        public static let unsuccessfulStatus = Code("unsuccessfulStatus")
        /// The body is not what the asked type needs.
        public static let decodingFailed = Code("decodingFailed")
        /// The answer forbids that it, or parts of it, are kept.
        public static let notStorable = Code("notStorable")
        /// A lease was lost while something held it.
        public static let leaseLost = Code("leaseLost")
        /// The caller's task was cancelled.
        public static let cancelled = Code("cancelled")
        /// The pool is shut down.
        public static let shutDown = Code("shutDown")
    }

    /// What kind of failure.
    public var code: Code
    /// What happened, what was expected, what to do.
    public var message: String
    /// When it is worth asking again; nil when nobody knows.
    public var retryAfter: Duration?
    /// The failure underneath, if there was one.
    public var underlying: (any Error)?
    /// With `.cancelled`: whether a request that changes something had left, so that it may be carried out.
    package var hasLeft = false

    /// An error with its sentence.
    public init(_ code: Code, _ message: String, retryAfter: Duration? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.underlying = underlying
    }

    /// The sentence, and what lies underneath unless the sentence says it already.
    public var description: String {
        guard let cause = underlying.map({ "\($0)" }), !message.contains(cause) else { return message }
        return "\(message) (\(cause))"
    }
}

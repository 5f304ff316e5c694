/// Why a Redis command, connection or setting failed.
package struct RedisError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; more kinds may come.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The connection was lost after the command had been sent: whether the server executed it is unknown.
        package static let connectionLost = Code(rawValue: "connectionLost")
        /// There was no connection until the command's time was up: the command was not sent.
        package static let notConnected = Code(rawValue: "notConnected")
        /// The command was bound to a connection that was lost before it could be sent: the command was not sent.
        package static let connectionChanged = Code(rawValue: "connectionChanged")
        /// No reply within the command timeout: whether the server executed it is unknown.
        package static let timeout = Code(rawValue: "timeout")
        /// The server answered with an error; `reply` holds it.
        package static let refused = Code(rawValue: "refused")
        /// The server does not accept the user or password.
        package static let authentication = Code(rawValue: "authentication")
        /// TLS: the server's certificate is not accepted, or ours is not, or a file cannot be used.
        package static let untrusted = Code(rawValue: "untrusted")
        /// The server is older than this client supports.
        package static let tooOld = Code(rawValue: "tooOld")
        /// More output waits than the client may hold: the command was not sent.
        package static let backPressure = Code(rawValue: "backPressure")
        /// The peer does not speak the protocol, or a reply exceeds a bound.
        package static let protocolError = Code(rawValue: "protocolError")
        /// The client was shut down, or not started.
        package static let shutDown = Code(rawValue: "shutDown")
        /// A URL or an option cannot be used.
        package static let invalidConfiguration = Code(rawValue: "invalidConfiguration")
    }

    /// What kind of failure it is.
    package let code: Code
    /// A sentence: what happened, what was expected, what to do.
    package let message: String
    /// The server's error reply without its leading dash, for example `WRONGTYPE Operation against …`.
    package let reply: String?
    /// The cause, when there is one.
    package let underlying: (any Error)?

    package init(_ code: Code, _ message: String, reply: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.reply = reply
        self.underlying = underlying
    }

    /// An error reply to a command.
    package static func refused(_ reply: String) -> RedisError {
        RedisError(.refused, "Redis refused the command: \(reply)", reply: reply)
    }

    /// The first word of the server's error reply, for example `NOSCRIPT`; nil when the server sent none.
    package var replyCode: Substring? { reply?.prefix { $0 != " " } }

    /// Whether it is a refusal of a server that is busy with something else, and passes by itself.
    var isPassingRefusal: Bool {
        guard let reply, let replyCode else { return false }
        return ["LOADING", "MASTERDOWN", "BUSY"].contains(replyCode) || reply.contains("max number of clients")
    }

    /// Whether the command has certainly not been executed, so that sending it again cannot do anything twice.
    package var isCertainlyNotExecuted: Bool { code != .connectionLost && code != .timeout && code != .protocolError }

    /// The sentence, and what lies underneath unless the sentence says it already.
    package var description: String {
        guard let cause = underlying.map({ "\($0)" }), !message.contains(cause) else { return message }
        return "\(message) (\(cause))"
    }
}

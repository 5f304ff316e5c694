package import SluiceLoop

/// Why a request has no answer, and what that means for its slot.
package struct HTTPError: Error, CustomStringConvertible {
    /// The kinds of failure. Open: more may come.
    package struct Code: RawRepresentable, Hashable, Sendable {
        /// The kind's name, as logs and metrics show it.
        package var rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The request itself breaks a rule of HTTP or of this client; nothing was sent.
        package static let invalidRequest = Code(rawValue: "invalidRequest")
        /// An option of the client is out of its range.
        package static let invalidOptions = Code(rawValue: "invalidOptions")
        /// The host's name has no address.
        package static let nameLookup = Code(rawValue: "nameLookup")
        /// No connection came about: refused, unreachable, or slower than ``HTTPClientOptions/connectTimeout``.
        package static let connect = Code(rawValue: "connect")
        /// The connection's TLS failed: handshake, certificate, or name.
        package static let tls = Code(rawValue: "tls")
        /// The whole request took longer than its timeout.
        package static let timeout = Code(rawValue: "timeout")
        /// The body is larger than ``HTTPClientOptions/bodyBytes``.
        package static let responseTooLarge = Code(rawValue: "responseTooLarge")
        /// The head is larger than ``HTTPClientOptions/headerBytes``.
        package static let headersTooLarge = Code(rawValue: "headersTooLarge")
        /// The connection ended before the answer did.
        package static let connectionLost = Code(rawValue: "connectionLost")
        /// The answer is not HTTP that we understand.
        package static let protocolError = Code(rawValue: "protocolError")
        /// The gate refused an attempt: the first, or the repetition that curl makes when a kept-alive connection died.
        package static let attemptRefused = Code(rawValue: "attemptRefused")
        /// The instant by which the request had to leave had come: no connection stood yet, or none was free.
        package static let lateStart = Code(rawValue: "lateStart")
        /// The caller's task was cancelled.
        package static let cancelled = Code(rawValue: "cancelled")
        /// The client was shut down.
        package static let shutDown = Code(rawValue: "shutDown")
        /// The certificates that are trusted here cannot be read: this says nothing about the host.
        package static let trustUnreadable = Code(rawValue: "trustUnreadable")
        /// This machine or process ran out of something: memory, file descriptors. This says nothing about the host.
        package static let outOfResources = Code(rawValue: "outOfResources")
    }

    /// What kind of failure this is.
    package var code: Code
    /// A sentence: which host, what happened, what to do. Never a path, a query or a credential.
    package var message: String
    /// `false` only when provably no byte of the request left this machine: the gate never let an attempt pass.
    package var wasSent: Bool
    /// When it was over: the transfer cut off, its connection dropped. For a slot this is the request's completion.
    package var endedAt: Instant
    /// When the request got a connection, or began to make one, the lookup of the name included; `nil`: it never came so far.
    package var connectingSince: Instant?
    /// What lay below, when something did.
    package var underlying: (any Error)?

    /// An error; see the properties.
    package init(
        code: Code, message: String, wasSent: Bool, endedAt: Instant, connectingSince: Instant? = nil, underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.wasSent = wasSent
        self.endedAt = endedAt
        self.connectingSince = connectingSince
        self.underlying = underlying
    }

    package var description: String { message }
}

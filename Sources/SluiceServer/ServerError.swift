/// Why a server cannot be had, or an option of it makes no sense.
package struct ServerError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure this is. More kinds may come.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        package init(_ name: String) { description = name }

        /// An option holds an impossible value.
        package static let invalidOption = Code("invalidOption")
        /// Somebody listens there already.
        package static let addressInUse = Code("addressInUse")
        /// The address is not of this host, or the port needs rights that this process has not.
        package static let addressUnavailable = Code("addressUnavailable")
        /// The server was started twice, or after its end.
        package static let alreadyStarted = Code("alreadyStarted")
        /// The system or the HTTP library refused.
        package static let system = Code("system")
    }

    /// The kind of failure.
    package let code: Code
    /// What happened, where, and what would help.
    package let message: String
    /// The error below this one, if there is one.
    package let underlying: (any Error)?

    package init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    package var description: String { message }
}

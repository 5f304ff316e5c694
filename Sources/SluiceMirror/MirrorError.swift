/// Why a strict mirror cannot be had.
package struct MirrorError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure this is. More kinds may come.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        package init(_ name: String) { description = name }

        /// An option's text makes no sense.
        package static let invalidOption = Code("invalidOption")
        /// The server did not start.
        package static let server = Code("server")
    }

    /// The kind of failure.
    package let code: Code
    /// What happened, in which option, and what would do.
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

/// Why the ledger gave no answer.
package struct LedgerError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure; more may be added.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let description: String
        /// The ledger was not reached, and nothing was done.
        package static let unreachable = Code(description: "unreachable")
        /// The connection ended during the call; whether it was carried out is unknown.
        package static let fateUnknown = Code(description: "fateUnknown")
        /// Redis refused the script.
        package static let refused = Code(description: "refused")
        /// The ledger was begun by nodes that speak another version: see `poolVersion`.
        package static let otherVersion = Code(description: "otherVersion")
        /// The answer has a form that this version does not know.
        package static let malformedReply = Code(description: "malformedReply")
    }

    package let code: Code
    /// What happened, what was expected, what to do.
    package let message: String
    package let underlying: (any Error)?
    /// The version that the pool's nodes speak, when it is another than ours.
    package let poolVersion: Int64?

    package init(_ code: Code, _ message: String, underlying: (any Error)? = nil, poolVersion: Int64? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
        self.poolVersion = poolVersion
    }

    package var description: String { "\(code): \(message)" }
}

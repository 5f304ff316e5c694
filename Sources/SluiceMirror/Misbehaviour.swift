/// What a strict mirror does to requests that it has counted and would have served, in place of a proper answer.
package struct Misbehaviour: Hashable, Sendable, CustomStringConvertible {
    /// The ways to misbehave.
    package enum Kind: String, Sendable, CaseIterable {
        /// Ends the connection without a byte.
        case hangUp = "hang-up"
        /// Keeps the connection and says nothing for a minute.
        case hang
        /// Sends bytes that are not HTTP.
        case garbage
        /// Ends the connection in the middle of the body.
        case cutOff = "cut-off"
        /// Sends the body a byte at a time, ten in a second.
        case slowBody = "slow-body"
        /// Refuses with 429, as if a limit were exceeded: without `Retry-After`, unless one is ordered.
        case refuse
    }

    /// What it does.
    package let kind: Kind
    /// To each so many-th request that is within the limits, 1 or more.
    package let every: Int

    /// Reads `KIND` or `KIND:EVERY`, such as `hang-up:3`.
    package init(text: String) throws(MirrorError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard let first = parts.first, let kind = Kind(rawValue: String(first)) else {
            throw MirrorError(.invalidOption, "\"\(text)\" is no misbehaviour; write one of \(known), or KIND:EVERY such as hang-up:3")
        }
        var every = 1
        if parts.count == 2 {
            guard parts[1].allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(parts[1]), count >= 1 else {
                throw MirrorError(.invalidOption, "\"\(parts[1])\" is no count; write KIND:EVERY, such as \(kind.rawValue):3")
            }
            every = count
        }
        self.kind = kind
        self.every = every
    }

    /// As ``init(text:)`` reads it.
    package var description: String { every == 1 ? kind.rawValue : "\(kind.rawValue):\(every)" }
}

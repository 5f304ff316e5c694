/// What a caller knows of the ledger when it calls.
package struct LedgerKnowledge: Hashable, Sendable {
    /// The life of the ledger's data that the rest is about.
    package var incarnation: String
    /// The frame that the bounds are about; see `LedgerStamp`.
    package var frame: Int64
    /// Ledger time is at least this.
    package var lower: Int64
    /// Ledger time is at most this; nil when the caller has heard messages but no reply.
    package var upper: Int64?
    /// Whether a reply has proved that the clock is ahead of the upper bound: it was so even at the moment when the reply came.
    package var isClockAhead: Bool
    /// The latest clock that was found right when its reply came.
    package var found: Int64?
    /// Set when nobody had vouched for the clock that the upper bound was made from.
    package var doubt: Doubt?
    /// How long ago that incarnation was known to live, in µs.
    package var age: Int64

    /// What a caller believes of the clock until somebody who knows has called.
    package struct Doubt: Hashable, Sendable {
        /// The clock as it was met: good once somebody has found a later one good.
        package var reading: Int64
        /// What that clock is at least by now, unless it was set since.
        package var least: Int64
        /// How long ago that was, in µs.
        package var waited: Int64
        /// How long ago the caller's doubt began, in µs: with each correction it met another clock.
        package var lasted: Int64

        package init(reading: Int64, least: Int64, waited: Int64, lasted: Int64) {
            self.reading = reading
            self.least = least
            self.waited = waited
            self.lasted = lasted
        }
    }

    package init(
        incarnation: String, frame: Int64 = 0, lower: Int64, upper: Int64?, isClockAhead: Bool = false, found: Int64? = nil,
        doubt: Doubt? = nil, age: Int64
    ) {
        self.found = found
        self.doubt = doubt
        self.incarnation = incarnation
        self.frame = frame
        self.lower = lower
        self.upper = upper
        self.isClockAhead = isClockAhead
        self.age = age
    }
}

/// What comes with every call to the ledger, besides the request itself.
package struct LedgerCall: Hashable, Sendable {
    package var terms: LedgerTerms
    /// Nil: the caller has never heard of this pool's ledger.
    package var knowledge: LedgerKnowledge?
    /// Who calls; nil for one that takes no part in the pool, and is never in doubt.
    package var node: NodeID?
    /// The life of the server behind the caller's connection; nil in memory, or when unknown.
    package var runID: String?
    /// The name that a new life of the data takes, if this call has to begin one.
    package var candidate: String
    /// For how long members are asked what they remember when data may be lost, in µs; 0: the caller is the only member.
    package var muster: Int64
    /// The version of the ledger's protocol that the caller speaks.
    package var version: Int64

    /// How long it may yet take, in µs, until every member that is well is connected to this server; 0: they all are.
    package var settling: Int64

    /// Long enough for every member that is well to be connected again and to speak.
    package static let musterSpan: Int64 = 1_000_000
    /// So long after a server's start every member that is well is connected to it: twice the longest wait between two attempts.
    package static let homecoming: Int64 = 500_000

    package init(
        terms: LedgerTerms, knowledge: LedgerKnowledge? = nil, node: NodeID? = nil, runID: String? = nil, candidate: String,
        muster: Int64 = musterSpan, settling: Int64 = homecoming, version: Int64 = LedgerProtocol.version
    ) {
        self.version = version
        self.muster = muster
        self.settling = settling
        self.terms = terms
        self.knowledge = knowledge
        self.node = node
        self.runID = runID
        self.candidate = candidate
    }
}

/// What a pool's members have agreed on: the mirrors, and how long a slot may be in use.
package struct LedgerTerms: Hashable, Sendable {
    /// In the order of the configuration; grants and statuses refer to them by their place in it.
    package let mirrors: [MirrorRules]
    /// How long a granted slot may wait for its request to be sent, in µs.
    package let hold: Int64
    /// How long a request may take from its sending until it is over, in µs.
    package let requestTimeout: Int64

    /// - Throws: `RulesError` when two mirrors share a name, or a span is not between 1 ms and 1 day.
    package init(mirrors: [MirrorRules], hold: Int64, requestTimeout: Int64) throws(RulesError) {
        var names: Set<String> = []
        for mirror in mirrors where !names.insert(mirror.name).inserted {
            throw RulesError("Two mirrors are called \(mirror.name): give each a name of its own.")
        }
        for (what, span) in [("hold of a grant", hold), ("request timeout", requestTimeout)] {
            guard !(1_000...86_400_000_000).contains(span) else { continue }
            throw RulesError("A \(what) of \(span) µs is impossible: give between 1ms and 1d.")
        }
        self.mirrors = mirrors
        self.hold = hold
        self.requestTimeout = requestTimeout
    }

    /// The same with what members have agreed on for each of the mirrors.
    func keeping(_ agreed: [MirrorRules]) -> LedgerTerms { LedgerTerms(agreed: agreed, hold: hold, requestTimeout: requestTimeout) }

    private init(agreed: [MirrorRules], hold: Int64, requestTimeout: Int64) {
        mirrors = agreed
        self.hold = hold
        self.requestTimeout = requestTimeout
    }

    /// Allowance for a host's clock that runs fast or slow: 1,000 ppm, ten times what an oscillator errs.
    package static func drift(over span: Int64) -> Int64 { span <= 0 ? 0 : (span + 999) / 1_000 }

    /// Between the end of a request's time and the moment at which the ledger calls a silent node's slot
    /// completed: one second for whatever delays the abort on a busy host, and the drift of its clock.
    package var expiryGuard: Int64 { 1_000_000 + Self.drift(over: requestTimeout) }

    /// From a grant until its node, if it stays silent, is taken to have used it to the last moment.
    package func life(hold: Int64) -> Int64 { hold + Self.drift(over: hold) + requestTimeout + expiryGuard }

    /// How long after the grant its request may be sent, given the life that the ledger recorded.
    ///
    /// The life comes from whoever reserved; the timeout is this node's own. So a node with a longer
    /// timeout than the leader's sends earlier, and is over in time all the same.
    package func hold(ofLife life: Int64) -> Int64 {
        let span = life - requestTimeout - expiryGuard
        return max(0, span - Self.drift(over: span))
    }
}

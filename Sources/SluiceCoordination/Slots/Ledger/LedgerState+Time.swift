/// How a call finds out which life of the data it meets, and what time it is there.
extension LedgerState {
    /// Begins a call that changes the ledger: finds or begins its data, notices a loss, tells the time, and
    /// takes in what time has brought.
    /// - Returns: ledger time.
    mutating func begin(_ call: LedgerCall, at raw: Int64) -> Int64 {
        let existed = meta != nil
        if !existed {
            mirrors = [:]
            meta = Meta(incarnation: call.candidate, birth: 0, last: 0, nextNumber: 0)
        }
        let now = time(call, at: raw, justBorn: !existed)
        meta!.adjustment = now - raw
        meta!.last = now
        if !existed {
            meta!.birth = now
            meta!.nextNumber = now / 16 + 1
        }
        noticeLoss(call, at: now)
        for rules in call.terms.mirrors {
            mirrors[rules.name, default: MirrorLedger()].purge(at: now, rules: rules)
        }
        return now
    }

    /// Begins a call that only looks: the same view, of which nothing is kept.
    mutating func look(_ call: LedgerCall, at raw: Int64) -> Int64 {
        guard meta != nil else { return raw }
        let now = time(call, at: raw, justBorn: false)
        for rules in call.terms.mirrors { mirrors[rules.name]?.purge(at: now, rules: rules) }
        return now
    }

    /// Ledger time: the host's clock and the adjustment, held within the caller's bounds, never before the last call's.
    ///
    /// Bounds speak of one life of the data; those about another are of no use, except at the very start,
    /// where they let ledger time go on as if nothing had happened.
    private func time(_ call: LedgerCall, at raw: Int64, justBorn: Bool) -> Int64 {
        guard let meta else { return raw }
        var now = raw + meta.adjustment
        if let known = call.knowledge, justBorn || known.incarnation == meta.incarnation {
            now = max(now, known.lower)
            if let upper = known.upper { now = min(now, upper) }
        }
        return max(now, meta.last)
    }

    /// Seals the pool's mirrors when the caller remembers what the ledger does not.
    ///
    /// A caller that knew another life of the data proves that it lived until it last heard of it; a caller
    /// on another server than the last one proves it until now, since the last writes may not have come along.
    private mutating func noticeLoss(_ call: LedgerCall, at now: Int64) {
        guard var meta else { return }
        let life = call.terms.life(hold: call.terms.hold)
        if let known = call.knowledge, known.incarnation != meta.incarnation {
            meta.quietFrom = max(meta.quietFrom, max(meta.birth, now - max(0, known.age)) + life)
        }
        if let runID = call.runID, runID != meta.runID {
            if meta.runID != nil { meta.quietFrom = max(meta.quietFrom, now + life) }
            meta.runID = runID
        }
        self.meta = meta
    }
}

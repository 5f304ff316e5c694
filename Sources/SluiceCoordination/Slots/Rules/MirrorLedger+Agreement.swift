/// How the ledger of a mirror follows what its members are configured with; the same in `agreement.lua`.
extension MirrorLedger {
    /// Takes in what the caller is configured with.
    /// - Parameter isSure: whether `latest` is the time, or merely what a clock shows.
    /// - Returns: what counts from here on, and whether others may want to know.
    mutating func agree(on own: MirrorRules, now: Int64, latest: Int64, isSure: Bool) -> (rules: MirrorRules, isNews: Bool) {
        if announced.isSettled(own, latest: latest, isSure: isSure) { return (own, false) }
        let former = announced.strictest
        let isNews = announced.announce(own, now: now, latest: latest, isSure: isSure)
        let rules = announced.strictest ?? own
        adopt(rules, after: former, at: now)
        return (rules, isNews)
    }

    /// Goes over to other rules: what is known of the requests so far counts under the new ones too.
    ///
    /// A log that begins is filled from that of the longest window so far, which remembers most. What completed before that cannot be
    /// known; it was sent before anybody asked for the new rule.
    /// - Parameter former: nil for a mirror of which nothing was announced yet.
    mutating func adopt(_ rules: MirrorRules, after former: MirrorRules?, at now: Int64) {
        guard let former, former != rules else { return }
        let longest = former.limits.last
        let past = longest.flatMap { logs[$0.window]?.records } ?? []
        if let longest {
            for limit in rules.limits where !former.limits.contains(where: { $0.window == limit.window }) {
                for record in past { charge(limit, completion: record.release - longest.guardedWindow, count: record.count) }
            }
        }
        if let refill = rules.refill {
            if let before = former.refill {
                // As many tokens are missing as before; each takes longer or shorter to come back.
                if before != refill, drained > now { drained = now + (drained - now + before - 1) / before * refill }
            } else if let longest {
                drained = past.reduce(0) { max($0, $1.release - longest.guardedWindow) + refill * $1.count }
            }
        }
        flush(at: now)
        for limit in former.limits where !rules.limits.contains(where: { $0.window == limit.window }) { logs[limit.window] = nil }
    }
}

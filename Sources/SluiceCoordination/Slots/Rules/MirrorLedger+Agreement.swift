/// How the ledger of a mirror follows what its members are configured with; the same in `ledger.lua`.
extension MirrorLedger {
    /// Takes in what the caller is configured with.
    /// - Parameter isSure: whether `latest` is the time, or merely what a clock shows.
    /// - Returns: what counts from here on, and whether others may want to know.
    mutating func agree(on own: MirrorRules, now: Int64, latest: Int64, isSure: Bool) -> (rules: MirrorRules, isNews: Bool) {
        if announced.isSettled(own, now: now, latest: latest, isSure: isSure) { return (announced.governing ?? own, false) }
        let former = announced.governing
        let isNews = announced.announce(own, now: now, latest: latest, isSure: isSure)
        let rules = announced.governing ?? own
        adopt(rules, after: former, at: now, latest: latest)
        return (rules, isNews)
    }

    /// Goes over to other rules: what is known of the requests so far counts under the new ones too.
    ///
    /// A log that begins is filled from those that there were. What completed before they remember cannot be known; it was sent before
    /// anybody asked for the new rule.
    /// - Parameters:
    ///   - former: nil for a mirror of which nothing was announced yet.
    ///   - latest: nothing has completed later than this.
    mutating func adopt(_ rules: MirrorRules, after former: MirrorRules?, at now: Int64, latest: Int64 = .max) {
        guard let former, former != rules else { return }
        let before = logs
        for limit in rules.tracked {
            // A log that was exact becomes a coarse one, so that there is room in it.
            if former.tracked.contains(where: { $0.window == limit.window && ($0.isMemorial || !limit.isMemorial) }) { continue }
            logs[limit.window] = nil
            for request in Self.past(before, former, for: limit.window, latest: latest) {
                charge(limit, completion: request.completion, count: request.count)
            }
        }
        if let refill = rules.refill, let longest = rules.limits.last {
            if let slower = former.refill {
                // As many tokens are missing as before; each takes longer or shorter to come back.
                if slower != refill, drained > now { drained = now + (drained - now + slower - 1) / slower * refill }
            } else if !former.tracked.isEmpty {
                drained = Self.past(before, former, for: longest.window, latest: latest).reduce(0) {
                    max($0, $1.completion) + refill * $1.count
                }
            }
        }
        flush(at: now)
        for limit in former.tracked where !rules.tracked.contains(where: { $0.window == limit.window }) { logs[limit.window] = nil }
    }

    /// The requests that logs know of, as far as they matter to a window: by the finest log that reaches as far back, or else by the
    /// longest. Where a log is coarse they seem to have completed later than they did, but never later than now.
    private static func past(
        _ logs: [Int64: ReleaseLog], _ rules: MirrorRules, for window: Int64, latest: Int64
    ) -> [(completion: Int64, count: Int64)] {
        let windows = rules.tracked
        guard let source = windows.first(where: { $0.window >= window }) ?? windows.last else { return [] }
        return (logs[source.window]?.records ?? []).map { (min($0.release - source.guardedWindow, latest), $0.count) }
    }
}

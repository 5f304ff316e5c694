/// How what is remembered of a mirror becomes its ledger again.
extension MirrorLedger {
    /// The same in another reckoning of time.
    func shifted(by span: Int64) -> MirrorLedger {
        var moved = MirrorLedger()
        moved.counters = counters
        moved.announced = announced.shifted(by: span)
        moved.pausedUntil = pausedUntil == 0 ? 0 : pausedUntil + span
        moved.drained = drained == 0 ? 0 : drained + span
        moved.conduct = conduct.shifted(by: span)
        moved.latency = latency
        for (window, log) in logs {
            for record in log.records {
                moved.logs[window, default: ReleaseLog()].insert(release: record.release + span, count: record.count)
            }
        }
        for record in open.records {
            var record = record
            record.expiry += span
            moved.open.append(record)
        }
        return moved
    }

    func withoutOpenGrants() -> MirrorLedger {
        var rest = self
        rest.open = OpenGrants()
        return rest
    }

    /// Adds another memory of the same mirror, and open grants.
    mutating func absorb(_ other: MirrorLedger, opens: [OpenGrants.Record], at now: Int64) {
        counters.granted += other.counters.granted
        counters.settled += other.counters.settled
        counters.unsent += other.counters.unsent
        counters.expired += other.counters.expired
        counters.throttled += other.counters.throttled
        pausedUntil = max(pausedUntil, other.pausedUntil)
        conduct = conduct.stricter(other.conduct)
        if latency == 0 { latency = other.latency }
        if other.drained > now { drained = max(drained, now) + other.drained - now }
        for (window, log) in other.logs {
            for record in log.records { logs[window, default: ReleaseLog()].insert(release: record.release, count: record.count) }
        }
        let all = (open.records + other.open.records + opens).sorted { $0.number < $1.number }
        open = OpenGrants()
        for record in all { open.append(record) }
    }
}

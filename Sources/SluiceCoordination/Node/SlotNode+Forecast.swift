import SluiceLoop

/// When somebody who is refused should come back.
extension SlotNode {
    /// Who waits in the pool, as far as this node knows.
    private var poolCrowd: Crowd { board?.crowd ?? crowd }

    /// Notices that somebody begins to wait, or that nobody does any more.
    mutating func stepForecast(now: Instant) {
        let isBusy = queue.unmet > 0 || poolCrowd.waiting.contains { $0 > 0 }
        if isBusy != (forecast.busySince != nil) {
            forecast.busySince = isBusy ? now : nil
            forecast.schedule = nil
        }
        if queue.unmet == 0 { forecast.gauge.reset() }
    }

    /// Another copy of the ledger is in hand.
    mutating func foresee(_ copy: LedgerCopy) {
        forecast.schedule = nil
        guard queue.unmet > 0 else { return }
        let pool = copy.mirrors.values.reduce(0) { $0 + $1.counters.granted - $1.counters.unsent }
        forecast.gauge.note(own: Int64(figures.granted), pool: pool)
    }

    /// When a newcomer of this priority who has all the time in the world would get a slot, in microseconds from now.
    mutating func expectedWait(of priority: SlotPriority, now: Instant) -> Int64 {
        // Where nobody waits, what comes free is not taken: then a schedule is soon wrong, but costs too much to be made for each call.
        let isKept = forecast.schedule.map { forecast.busySince != nil || now.microseconds(since: $0.base) < 200_000 } ?? false
        var schedule = isKept ? forecast.schedule! : makeSchedule(now: now)
        let start = schedule.start(of: placeInPool(priority), now: now)
        forecast.schedule = schedule
        return max(0, start.microseconds(since: now))
    }

    /// Notes how long requests take.
    mutating func began(_ slot: Slot, now: Instant) {
        if forecast.begun[slot.grant] == nil { forecast.begun[slot.grant] = now }
    }

    mutating func ended(_ slot: Slot, _ outcome: SlotOutcome) {
        guard let begun = forecast.begun.removeValue(forKey: slot.grant), case .completed(let instant) = outcome else { return }
        let sample = max(0, instant.microseconds(since: begun))
        let known = forecast.latencies[slot.mirror]
        forecast.latencies[slot.mirror] = known == 0 ? sample : known + (sample - known) / 16
    }

    private func makeSchedule(now: Instant) -> Forecast {
        let since = forecast.busySince ?? now
        guard let (copy, at) = muster.memory.latest else {
            return Forecast(rules: rules.agreed, latencies: forecast.latencies, ledgers: [:], time: 0, at: since, since: since)
        }
        return Forecast(
            rules: rules.agreed, latencies: forecast.latencies, ledgers: copy.mirrors, time: copy.time, at: at, since: since)
    }

    /// The place of a newcomer in the queue of the whole pool, from 1.
    private func placeInPool(_ priority: SlotPriority) -> Int {
        let tier = priority.rawValue
        let own = queue.line.countsByTier
        let here = max(1, own[...tier].reduce(0, +) + 1 - queue.inHand)
        // While all wait, each node gets its share, whatever its own queue's length.
        if let share = forecast.gauge.share { return Int((Double(here) / share).rounded()) }
        // Nothing was measured yet: more urgent ones first, then node by node.
        let known = board == nil ? demand.believed : own
        let crowd = poolCrowd
        let others = crowd.waiting.indices.map { max(0, crowd.waiting[$0] - max(0, known[$0])) }
        let nodes = crowd.nodes[tier] - (known[tier] > 0 ? 1 : 0)
        return here + others[..<tier].reduce(0, +) + min(max(0, nodes) * (own[tier] + 1), others[tier])
    }
}

/// What a node knows for telling when to come back.
struct ForecastState: Sendable {
    /// Since when somebody in the pool has waited without a pause; nil while nobody does.
    var busySince: Instant?
    /// Made when it is first asked for, and anew with each copy of the ledger.
    var schedule: Forecast?
    var gauge = ShareGauge()
    /// How long a request takes at each mirror from its slot to its completion, smoothed, in µs.
    var latencies: [Int64]
    /// When the first slot of a grant was used.
    var begun: [GrantKey: Instant] = [:]
}

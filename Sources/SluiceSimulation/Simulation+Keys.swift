import SluiceCache

/// Keys: what mirrors have of them, who purges them, and what the judge says of requests and answers.
extension Simulation {
    /// The mirrors have something new for a key; some process purges the old.
    func change(_ key: Int) {
        origin[key, default: 0] += 1
        let version = origin[key]!
        trace { "key \(key) is version \(version) at the mirrors" }
        let living = nodes.filter { $0.isAlive && !$0.isLeaving }
        guard let node = living.randomElement(using: &random) else { return }
        node.whenAwake { [self] in
            node.ask { [self] redis, _, now in
                redis.purge(key, version: version, now: now)
                trace { "\(node) purges key \(key)" }
            } then: { result in
                if case .success = result { node.purged(key) }
            }
        }
    }

    /// What the mirrors have of a key.
    func present(_ key: Int) -> Int64 { origin[key] ?? 0 }

    // MARK: Requests

    /// A request for a key leaves.
    func left(_ fetch: KeyedFetch, _ node: SimulatedNode) {
        trace { "\(node) asks for key \(fetch.key)" }
        fetch.isOpen = true
        needs.left()
    }

    /// Redis has stored what a request brought.
    func stored(_ record: FlightLedger.Record, by fetch: KeyedFetch, _ node: SimulatedNode, insteadOfFresh: Bool) {
        trace { "\(node) fills key \(fetch.key) with version \(record.content)" }
        guard fetch.isOpen else { return }
        fetch.isOpen = false
        if insteadOfFresh, clockSetAt < fetch.takenAt {
            broke("the request of \(node) for key \(fetch.key) brought what was there and fresh")
        }
        needs.metNeed()
    }

    /// A request met no need; with no excuse for that it should not have been sent.
    func lost(_ fetch: KeyedFetch, _ node: SimulatedNode, _ excuse: NeedAudit.Excuse?) {
        guard fetch.isOpen else { return }
        fetch.isOpen = false
        trace { "the request of \(node) for key \(fetch.key) was for nothing: \(excuse?.rawValue ?? "?")" }
        guard let excuse else { return broke("the request of \(node) for key \(fetch.key) was for nothing, and no fault is to blame") }
        needs.lost(excuse)
    }

    /// Why Redis said that a right is lost; nil when there is no reason.
    func excuse(for fetch: KeyedFetch, of cell: SimulatedCache.FlightCell, _ node: SimulatedNode) -> NeedAudit.Excuse? {
        if fetch.life != redis.life { return .dataLost }
        if clockSetAt >= fetch.takenAt { return .clockSet }
        if let purged = redis.purgedAt[fetch.key], purged >= fetch.takenAt { return .purged }
        if cell.neglectedAt >= fetch.takenAt { return .unwanted }
        let isUnheard = cell.troubledAt >= fetch.takenAt || node.frozenUntil >= fetch.takenAt || cell.isWaitingLong(timeline.now, scenario)
        return isUnheard ? .unheard : nil
    }

    // MARK: Answers

    /// A caller got what a record holds.
    func answered(_ content: String?, of key: Int, floor: Int64, _ node: SimulatedNode, fromMemory: Bool = false) {
        guard let version = content.flatMap(Int64.init) else { return broke("a caller of key \(key) on \(node) was answered with nothing") }
        needs.answered += 1
        if fromMemory { needs.fromMemory += 1 }
        trace { "\(node) answers key \(key) with version \(version)\(fromMemory ? ", from memory" : "")" }
        if version < floor {
            broke("a caller of key \(key) on \(node) got version \(version); version \(floor) was known there when he called")
        }
    }

    /// Redis went back to what it had: purges since then are undone.
    func forgetPurges() {
        for node in nodes {
            for (key, floor) in node.cache.floors { node.cache.floors[key] = min(floor, redis.data.floors[key] ?? 0) }
            for cell in node.cache.cells.values {
                for caller in cell.callers.keys {
                    cell.callers[caller]!.floor = min(cell.callers[caller]!.floor, redis.data.floors[cell.key] ?? 0)
                }
            }
        }
    }
}

extension SimulatedCache.FlightCell {
    /// Whether a command of it has had no answer for long, beside its lease.
    func isWaitingLong(_ now: Int64, _ scenario: Scenario) -> Bool {
        asked.values.contains { now - $0 > scenario.flightLease / 6 }
    }
}

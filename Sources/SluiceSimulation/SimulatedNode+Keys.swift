import SluiceCache
import SluiceCoordination
import SluiceLoop

/// Callers that want a key, as `ResponseCache` serves them: from memory, or through the key's flight.
extension SimulatedNode {
    private var timing: Flight.Timing {
        var timing = Flight.Timing(lease: run.scenario.flightLease)
        if run.has(.noSecondLook) { timing.slack = 3_600_000_000 }
        return timing
    }

    func callForKey() {
        let now = present
        // The first keys are wanted more than the last.
        let key = Int(run.random.latency(0...Int64(run.scenario.keys - 1)))
        let floor = cache.floors[key] ?? 0
        if let held = cache.memory[key], held.era != 0, held.era == cache.era, now < held.freshUntil {
            run.answered(held.record.content, of: key, floor: floor, self, fromMemory: true)
            return callAgainSoon()
        }
        let deadline = now.advanced(byMicroseconds: run.random.pick(run.scenario.deadline))
        let cell = cache.cells[key] ?? SimulatedCache.FlightCell(key: key, timing: timing)
        cache.cells[key] = cell
        cache.lastCaller += 1
        let caller = cache.lastCaller
        cell.callers[caller] = .init(deadline: deadline, beganAt: now, floor: floor)
        if run.random.happens(run.scenario.cancelling) {
            let patience = run.random.pick(0...max(1, deadline.microseconds(since: now)))
            run.timeline.plan(after: patience) { [self] in
                whenAwake { [self] in
                    guard !isLeaving, cell.callers.removeValue(forKey: caller) != nil else { return }
                    send(.left(waiter: caller), to: cell)
                    callAfterRest()
                }
            }
        }
        send(.joined(waiter: caller, deadline: deadline), to: cell)
    }

    func send(_ event: FlightEvent, to cell: SimulatedCache.FlightCell) {
        guard isAlive, !isLeaving else { return }
        noteNeglect(of: cell)
        for effect in cell.flight.handle(event, now: present, canHear: cache.era != 0) { carryOut(effect, of: event, for: cell) }
        guard cache.cells[cell.key] === cell, cell.flight.nextTick != .distantFuture else { return }
        let at = max(run.timeline.now + 1, trueTime(cell.flight.nextTick) + 1)
        guard at < cell.plannedTick else { return }
        cell.plannedTick = at
        run.timeline.plan(at: at) { [self] in
            guard cell.plannedTick == at else { return }
            cell.plannedTick = .max
            whenAwake { [self] in if cache.cells[cell.key] === cell { send(.ticked, to: cell) } }
        }
    }

    private func noteNeglect(of cell: SimulatedCache.FlightCell) {
        let now = run.timeline.now
        if let since = cell.unwantedSince, now - since >= run.scenario.flightLease / 3 { cell.neglectedAt = now }
        cell.unwantedSince = cell.callers.isEmpty ? cell.unwantedSince ?? now : nil
    }

    private func carryOut(_ effect: FlightEffect, of event: FlightEvent, for cell: SimulatedCache.FlightCell) {
        switch effect {
        case .lookUp(let attempt, _): lookUp(attempt, cell)
        case .fetch(let attempt, let deadline, _): startFetch(attempt, deadline, cell)
        case .cancelFetch: cancelFetch(of: event, cell)
        case .renew(let attempt): renew(attempt, cell)
        case .fill(let attempt): fill(attempt, cell)
        case .abandon, .decline:
            let (key, token) = (cell.key, cell.token)
            ask { redis, _, now in
                redis.abandon(key, token: token, now: now)
            } then: { _ in
            }
        case .answer(let callers, let outcome): answer(callers, outcome, cell)
        case .end: if cache.cells[cell.key] === cell { cache.cells[cell.key] = nil }
        }
    }

    // MARK: Redis

    /// A command of a flight; that it failed, or was slow beside the lease, is noted.
    private func ask<Reply>(
        _ cell: SimulatedCache.FlightCell, _ command: @escaping (SimulatedRedis, Int64) -> Reply,
        then answered: @escaping (Result<Reply, SlotNode.Failure>) -> Void
    ) {
        let sentAt = run.timeline.now
        cell.lastAsked += 1
        let number = cell.lastAsked
        cell.asked[number] = sentAt
        ask { redis, _, now in
            command(redis, now)
        } then: { [self] (result: Result<Reply, SlotNode.Failure>) in
            cell.asked[number] = nil
            var isTrouble = run.timeline.now - sentAt > run.scenario.flightLease / 6
            if case .failure = result { isTrouble = true }
            if isTrouble { cell.troubledAt = run.timeline.now }
            answered(result)
        }
    }

    private func lookUp(_ attempt: UInt64, _ cell: SimulatedCache.FlightCell) {
        if cell.tokenAttempt != attempt {
            cache.lastToken += 1
            cell.token = "\(id.tag)-\(cache.lastToken)"
            cell.tokenAttempt = attempt
        }
        let askedAt = present
        cell.held = cache.memory[cell.key].flatMap { askedAt < $0.freshUntil ? $0 : nil }
        let (key, token, known, era, lease) = (cell.key, cell.token, cell.held?.record, cache.era, run.scenario.flightLease / 1_000)
        ask(cell) { [run] redis, now in
            let answer = redis.lookUp(key, token: token, lease: lease, known: known, now: now)
            // A right counts from when it was given, whether or not anybody hears of it.
            if answer.found.isNew, cell.token == token { (cell.takenAt, cell.life) = (now, run.redis.life) }
            return answer
        } then: { [self] result in
            switch result {
            case .success(let answer): lookedUp(answer.found, answer.time, attempt, era, askedAt: askedAt, cell)
            case .failure: send(.lookedUp(attempt: attempt, .unreachable(servable: false)), to: cell)
            }
        }
    }

    private func lookedUp(
        _ found: FlightLedger.Found, _ time: Int64, _ attempt: UInt64, _ era: Int, askedAt: Instant, _ cell: SimulatedCache.FlightCell
    ) {
        switch found.record {
        case .none:
            cell.held = nil
            cache.memory[cell.key] = nil
        case .same: cell.held?.era = era
        case .whole(let record):
            // As in `MemoryEntry`: by our own clock from here on; what was stored in the future is of an unknown age.
            let fresh = record.storedAt > time + 1_000 ? 0 : record.freshUntil - time
            cell.held = .init(record: record, freshUntil: askedAt.advanced(byMicroseconds: fresh * 1_000), era: era)
        }
        if cell.flight.isOvertaken { cell.held?.era = 0 }
        if let held = cell.held { cache.memory[cell.key] = held }
        let isFresh = cell.held.map { present < $0.freshUntil } ?? false
        let reply: LookupReply =
            switch found.flight {
            case .unneeded: .fresh
            case .taken: isFresh ? .takenAhead : .taken(servable: false)
            case .declined: .declined(servable: false)
            case .held(let lease): isFresh ? .fresh : .held(leaseMicroseconds: lease * 1_000, servable: false)
            }
        send(.lookedUp(attempt: attempt, reply), to: cell)
    }

    private func renew(_ attempt: UInt64, _ cell: SimulatedCache.FlightCell) {
        let (key, token, lease) = (cell.key, cell.token, run.scenario.flightLease / 1_000)
        ask(cell) { redis, now in
            redis.renew(key, token: token, lease: lease, now: now)
        } then: { [self] in
            send(.renewed(attempt: attempt, isValid: try? $0.get()), to: cell)
        }
    }

    private func fill(_ attempt: UInt64, _ cell: SimulatedCache.FlightCell) {
        let (key, token, draft, fetch) = (cell.key, cell.token, cell.draft, cell.fetch)
        let fresh = run.random.pick(run.scenario.freshness)
        ask(cell) { [run] redis, now in
            let stored = redis.fill(key, token: token, version: draft, fresh: fresh, now: now)
            if let stored, let fetch { run.stored(stored.record, by: fetch, self, insteadOfFresh: stored.insteadOfFresh) }
            return stored?.record
        } then: { [self] result in
            switch result {
            case .success(let stored?):
                // Unverified: its own message, which may hide another's, is yet to come, or has come.
                let end = present.advanced(byMicroseconds: (stored.freshUntil - stored.storedAt) * 1_000)
                cache.memory[key] = .init(record: stored, freshUntil: end, era: 0)
                send(.filled(attempt: attempt, isAccepted: true), to: cell)
            case .success(nil):
                if let fetch { run.lost(fetch, self, run.excuse(for: fetch, of: cell, self)) }
                send(.filled(attempt: attempt, isAccepted: false), to: cell)
            case .failure:
                if let fetch { run.lost(fetch, self, .notStored) }
                send(.filled(attempt: attempt, isAccepted: nil), to: cell)
                ask { redis, _, now in
                    redis.abandon(key, token: token, now: now)
                } then: { _ in
                }
            }
        }
    }

    // MARK: Fetch

    private func startFetch(_ attempt: UInt64, _ deadline: Instant, _ cell: SimulatedCache.FlightCell) {
        let fetch = KeyedFetch(key: cell.key, attempt: attempt, takenAt: cell.takenAt, life: cell.life)
        cell.fetch = fetch
        want(Call(deadline: deadline, priority: .normal, wantedAt: present, fetch: fetch))
    }

    private func cancelFetch(of event: FlightEvent, _ cell: SimulatedCache.FlightCell) {
        guard let fetch = cell.fetch else { return }
        cell.fetch = nil
        fetch.isCancelled = true
        if let waiter = fetch.waiter { giveUp(waiter) }
        var excuse = NeedAudit.Excuse?.some(.unwanted)
        if case .renewed = event { excuse = run.excuse(for: fetch, of: cell, self) }
        run.lost(fetch, self, excuse)
    }

    /// A request has left, or has ended without an answer and is to be followed by another one.
    func tell(_ fetch: KeyedFetch, isOnTheWay: Bool) {
        guard let cell = cache.cells[fetch.key], cell.fetch === fetch else { return }
        send(.onTheWay(attempt: fetch.attempt, isOnTheWay), to: cell)
    }

    /// The fetch has come to its end.
    func fetched(_ fetch: KeyedFetch, _ ending: FetchEnding) {
        guard let cell = cache.cells[fetch.key], cell.fetch === fetch else { return run.lost(fetch, self, .unwanted) }
        if ending == .storable { cell.draft = fetch.version }
        send(.fetched(attempt: fetch.attempt, ending), to: cell)
    }

    // MARK: Answers and messages

    private func answer(_ callers: [UInt64], _ outcome: FlightOutcome, _ cell: SimulatedCache.FlightCell) {
        for id in callers {
            guard let caller = cell.callers.removeValue(forKey: id) else {
                run.broke("caller \(id) of key \(cell.key) on \(self) was answered twice, or after it was cancelled")
                continue
            }
            ended(deadline: caller.deadline, since: caller.beganAt)
            switch outcome {
            case .record: run.answered(cell.held?.record.content, of: cell.key, floor: caller.floor, self)
            case .fetched: run.answered(String(cell.draft), of: cell.key, floor: caller.floor, self)
            case .stale, .failure, .deadline:
                run.refused()
                run.trace { "\(self) has nothing for a caller of key \(cell.key): \(outcome)" }
            }
            callAgainSoon()
        }
    }

    /// Answers cost nothing: without a pause there would be no end to calls.
    private func callAgainSoon() { run.timeline.plan(after: 50_000) { [self] in whenAwake { self.callAfterRest() } } }

    /// Redis says that a key's record is not what it was; `floor`: it must be no older than this by now.
    func invalidated(_ key: Int, floor: Int64) {
        cache.floors[key] = max(cache.floors[key] ?? 0, floor)
        cache.memory[key]?.era = 0
        if let cell = cache.cells[key] { send(.invalidated, to: cell) }
    }

    /// A purge of this process's own was carried out.
    func purged(_ key: Int) {
        cache.memory[key] = nil
        if let cell = cache.cells[key] { send(.invalidated, to: cell) }
    }

    /// Messages reach it no more.
    func hearingEnded() { cache.era = 0 }

    /// Messages reach it again; what changed meanwhile is to be asked for.
    func hearingBegan() {
        guard run.scenario.keys > 0, isAlive else { return }
        cache.lastEra += 1
        cache.era = cache.lastEra
        cache.floors.merge(run.redis.data.floors, uniquingKeysWith: max)
        for cell in cache.cells.values.sorted(by: { $0.key < $1.key }) { send(.trackingRestored, to: cell) }
    }

    /// The process leaves: what it held is given back, and nobody waits any more.
    func endFlights() {
        for cell in cache.cells.values.sorted(by: { $0.key < $1.key }) {
            for (_, caller) in cell.callers.sorted(by: { $0.key < $1.key }) { ended(deadline: caller.deadline, since: caller.beganAt) }
            if let fetch = cell.fetch {
                fetch.isCancelled = true
                if let waiter = fetch.waiter { giveUp(waiter) }
                run.lost(fetch, self, .left)
            }
            guard cell.flight.isHolder else { continue }
            let (key, token) = (cell.key, cell.token)
            ask { redis, _, now in
                redis.abandon(key, token: token, now: now)
            } then: { _ in
            }
        }
        cache.cells = [:]
    }
}

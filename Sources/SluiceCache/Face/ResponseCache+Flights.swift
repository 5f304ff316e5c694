internal import SluiceLoop
internal import SluiceRedis
import Synchronization

/// Carrying out what flights decide.
extension ResponseCache {
    /// The key's flight: the one under way, or a new one.
    func cell(for key: CacheKey, policy: CachePolicy, urgency: Int = 1, fetch: @escaping Fetch) -> FlightCell {
        if let cell = flights[key] {
            cell.urgency.raise(to: urgency)
            return cell
        }
        let cell = FlightCell(key: key, policy: policy, urgency: urgency, timing: timing, fetch: fetch)
        flights[key] = cell
        counters.withLock { $0.flights += 1 }
        return cell
    }

    /// Tells a flight what happened, and does what it then wants.
    /// - Parameter receivedAt: when a mirror gave what was fetched; nil: what it is about is the record at hand.
    func send(_ event: FlightEvent, to cell: FlightCell, receivedAt: Instant? = nil) {
        guard !isShutDown else { return }
        let effects = cell.flight.handle(
            event, now: .now, canHear: memory.era.current != 0, receivedAt: receivedAt ?? cell.entry?.receivedAt ?? .distantFuture)
        for effect in effects { carryOut(effect, for: cell) }
        if flights[cell.key] === cell { scheduleWake(for: cell) }
    }

    /// A caller was cancelled.
    func leave(_ caller: UInt64, _ key: CacheKey) {
        guard let cell = flights[key], let continuation = cell.take(caller) else { return }
        continuation.resume(throwing: CancellationError())
        send(.left(waiter: caller), to: cell)
    }

    private func carryOut(_ effect: FlightEffect, for cell: FlightCell) {
        switch effect {
        case .lookUp(let attempt, let isAhead): lookUp(attempt, isAhead: isAhead, cell)
        case .fetch(let attempt, let deadline, let isRefresh): startFetch(attempt, deadline, isRefresh, cell)
        case .cancelFetch:
            cell.fetchTask?.cancel()
            cell.fetchTask = nil
        case .renew(let attempt): renew(attempt, cell)
        case .fill(let attempt): fill(attempt, cell)
        case .decline:
            // What was kept is no longer so.
            memory.remove(cell.key)
            redis?.decline(cell.key, token: cell.token)
        case .abandon: redis?.abandon(cell.key, token: cell.token)
        case .answer(let callers, let outcome): answer(callers, outcome, cell)
        case .end:
            if flights[cell.key] === cell {
                flights[cell.key] = nil
                counters.withLock { $0.flights -= 1 }
                refreshEnded(cell)
            }
        }
    }

    // MARK: Lookup

    private func lookUp(_ attempt: UInt64, isAhead: Bool, _ cell: FlightCell) {
        if cell.tokenAttempt != attempt {
            cell.token = nextToken()
            cell.tokenAttempt = attempt
        }
        let now = Instant.now
        cell.isPurged = false
        cell.tagPurges = purges.count
        cell.lastBeforeTagPurge = nil
        cell.entry = memory.find(cell.key, now: now)
        cell.source = .memory
        cell.askedSince = cell.flight.freshSince
        guard let redis else {
            cell.purges = purges.count
            let reply: LookupReply =
                isFresh(cell) ? isAhead || !isFreshEnough(cell) ? .takenAhead : .fresh : .taken(servable: isServable(cell))
            return send(.lookedUp(attempt: attempt, reply), to: cell)
        }
        if !redis.isConnected, isServableOnError(cell) {
            return send(.lookedUp(attempt: attempt, .unreachable(servable: true)), to: cell)
        }
        // The era in which we ask: what changes from here on is heard of, or begins another era.
        let era = memory.era.current
        let maxAge = cell.askedSince.map { max(0, now.microseconds(since: $0)) / 1_000 }
        redis.lookUp(cell.key, token: cell.token, known: cell.entry?.record, isAhead: isAhead, maxAge: maxAge) { result in
            switch result {
            case .success(let answer): self.lookedUp(answer, attempt, era, askedAt: now, cell)
            case .failure(let error):
                let failure = Self.cacheError(error)
                cell.failure = failure
                // Redis is out of reach, so what was once read is served as stale, whatever its freshness.
                let servable = self.isServableOnError(cell)
                let isPassing = failure.code == .redisUnavailable
                self.send(.lookedUp(attempt: attempt, isPassing ? .unreachable(servable: servable) : .failed(servable: servable)), to: cell)
            }
        }
    }

    private func lookedUp(_ answer: LookupAnswer, _ attempt: UInt64, _ era: UInt64, askedAt: Instant, _ cell: FlightCell) {
        switch answer.found {
        case .none:
            cell.entry = nil
            memory.remove(cell.key)
        case .same:
            // Its times stay as they are: they count by our own clock, which nobody sets.
            cell.entry?.era = era
            // Asked again since messages may have been lost meanwhile: it still is Redis that answers.
            if cell.hasRead { cell.source = .redis }
        case .whole(let record):
            cell.entry = MemoryEntry(record, serverTime: answer.serverTime, anchor: askedAt, era: era)
            cell.source = .redis
            cell.hasRead = true
        }
        cell.entry?.policy = policies.shared(cell.policy)
        if cell.flight.isOvertaken { cell.entry?.era = 0 }
        if let entry = cell.entry { memory.install(entry, for: cell.key) }
        let reply: LookupReply
        switch answer.flight {
        case .unneeded: reply = .fresh
        case .taken:
            cell.purges = answer.purges
            reply = isFresh(cell) ? .takenAhead : .taken(servable: isServable(cell))
        case .refused(let error):
            cell.failure = Self.cacheError(error)
            reply =
                isFreshEnough(cell)
                ? .fresh
                : error.isPassing ? .unreachable(servable: isServableOnError(cell)) : .failed(servable: isServableOnError(cell))
        case .declined: reply = .declined(servable: isServable(cell))
        case .held where isFreshEnough(cell): reply = .fresh
        case .held(let lease):
            reply =
                isFresh(cell)
                ? .heldAhead(leaseMicroseconds: lease) : .held(leaseMicroseconds: lease, servable: isServable(cell))
            cell.hasWaited = true
        }
        send(.lookedUp(attempt: attempt, reply), to: cell)
    }

    /// Whether the record at hand is fresh; where Redis gives the flight away all the same, it was asked ahead, or by somebody who wants
    /// something younger.
    private func isFresh(_ cell: FlightCell) -> Bool { cell.entry.map { Instant.now < $0.freshUntil } ?? false }

    /// Whether the record at hand is fresh to all for whom it was asked.
    private func isFreshEnough(_ cell: FlightCell) -> Bool {
        isFresh(cell) && cell.entry.map { $0.receivedAt >= cell.askedSince ?? $0.receivedAt } ?? false
    }

    /// Whether the record at hand may be served while it is refreshed.
    private func isServable(_ cell: FlightCell) -> Bool { cell.entry.map { Instant.now < $0.refreshUntil } ?? false }

    // MARK: Fetch

    private func startFetch(_ attempt: UInt64, _ deadline: Instant, _ isRefresh: Bool, _ cell: FlightCell) {
        if isRefresh, !refreshGate.isOpen(at: .now) { return noSpareSlot(attempt, cell) }
        counters.withLock { $0.fetches += 1 }
        var need = FetchNeed(revalidation: cell.entry?.record.revalidation, deadline: deadline, isRefresh: isRefresh, urgency: cell.urgency)
        need.hasFallback = isServableOnError(cell)
        need.whenOnTheWay = { [loop, key = cell.key, token = cell.token] isSo in
            loop.execute {
                self.assumeIsolated { cache in
                    guard let cell = cache.flights[key], cell.token == token else { return }
                    cache.send(.onTheWay(attempt: attempt, isSo), to: cell)
                }
            }
        }
        let stale = cell.entry
        cell.fetchTask = Task {
            do {
                let response = try await cell.fetch(need)
                if isRefresh {
                    self.refreshGate.granted()
                    self.counters.withLock { $0.refreshes += 1 }
                }
                self.fetched(response, confirming: stale?.record, attempt, cell)
            } catch {
                self.fetchFailed(error, attempt, cell)
            }
        }
    }

    private func fetched(_ response: FetchedResponse, confirming stale: CacheRecord?, _ attempt: UInt64, _ cell: FlightCell) {
        // A mirror that fails, or refuses for want of quota, says nothing about the resource.
        let isPassing = response.status >= 500 || response.status == 429
        if isPassing, isServableOnError(cell) {
            return send(.fetched(attempt: attempt, .failed(deadlineBound: false, servable: true)), to: cell)
        }
        // An earlier attempt's answer must not take the place of the present one's.
        guard attempt == cell.tokenAttempt else { return }
        let draft = RecordDraft(response, confirming: stale, policy: cell.policy, options: options)
        cell.draft = draft
        cell.isFilled = false
        // A fill asks Redis whether a tag was purged meanwhile; what is not stored asks nobody.
        if let number = cell.lastBeforeTagPurge, purges.isPurged(cell.key, tags: draft.tags, since: cell.tagPurges) {
            send(.outdated(callersAbove: number), to: cell)
        }
        let ending: FetchEnding = draft.freshness.isStorable ? .storable : isPassing ? .errorAnswer : .unstorable
        send(.fetched(attempt: attempt, ending), to: cell, receivedAt: draft.receivedAt)
    }

    private func fetchFailed(_ error: any Error, _ attempt: UInt64, _ cell: FlightCell) {
        guard attempt == cell.tokenAttempt else { return }
        if error is NoSpareSlot {
            counters.withLock { $0.fetches -= 1 }
            return noSpareSlot(attempt, cell)
        }
        cell.failure = error
        let deadlineBound = (error as? any DeadlineBoundError)?.endedByDeadline ?? false
        send(.fetched(attempt: attempt, .failed(deadlineBound: deadlineBound, servable: isServableOnError(cell))), to: cell)
    }

    private func noSpareSlot(_ attempt: UInt64, _ cell: FlightCell) {
        refreshRefused(cell)
        send(.fetched(attempt: attempt, .noSpareSlot), to: cell)
    }

    /// Whether the record at hand may be served since mirrors or Redis fail.
    private func isServableOnError(_ cell: FlightCell) -> Bool { cell.entry.map { Instant.now < $0.staleUntil } ?? false }

    // MARK: Holding and filling

    private func renew(_ attempt: UInt64, _ cell: FlightCell) {
        guard let redis else { return send(.renewed(attempt: attempt, isValid: !cell.isPurged), to: cell) }
        redis.renew(cell.key, token: cell.token) { self.send(.renewed(attempt: attempt, isValid: try? $0.get()), to: cell) }
    }

    private func fill(_ attempt: UInt64, _ cell: FlightCell) {
        guard let draft = cell.draft else { return send(.filled(attempt: attempt, isAccepted: false), to: cell) }
        let now = Instant.now
        let version = cell.token
        guard let redis else {
            cell.isFilled = !cell.isPurged && !purges.isPurged(cell.key, tags: draft.tags, since: cell.purges)
            if cell.isFilled {
                install(draft, version: version, storedAt: now.microseconds / 1_000, anchor: now, spans: draft.spans(at: now), for: cell)
            }
            return send(.filled(attempt: attempt, isAccepted: cell.isFilled), to: cell)
        }
        redis.fill(cell.key, token: version, draft: draft, spans: draft.spans(at: now)) { result in
            switch result {
            case .success(.filled(let storedAt, let spans)):
                self.install(draft, version: version, storedAt: storedAt, anchor: now, spans: spans, for: cell)
                cell.isFilled = true
                self.send(.filled(attempt: attempt, isAccepted: true), to: cell)
            case .success(.refused), .success(.kept):
                self.counters.withLock { $0.fillsRefused += 1 }
                self.send(.filled(attempt: attempt, isAccepted: false), to: cell)
            case .failure:
                self.counters.withLock { $0.fillsFailed += 1 }
                // A slot was spent: those who wait get the answer, though it could not be stored.
                self.send(.filled(attempt: attempt, isAccepted: nil), to: cell)
                redis.abandon(cell.key, token: version)
            }
        }
    }

    /// Puts a stored answer into memory. It is not yet verified where others can write: the fill's own invalidation message,
    /// which may hide another's, comes before or after this, and the first read asks Redis.
    /// - Parameter anchor: an instant no later than `storedAt`: when the fill was sent.
    private func install(
        _ draft: RecordDraft, version: String, storedAt: Int64, anchor: Instant, spans: RecordSpans, for cell: FlightCell
    ) {
        let record = draft.record(version: version, storedAt: storedAt, spans: spans, purges: cell.purges)
        let era = redis == nil ? memory.era.current : 0
        var entry = MemoryEntry(record, serverTime: storedAt, anchor: anchor, era: era)
        entry.policy = policies.shared(cell.policy)
        memory.install(entry, for: cell.key)
    }

    // MARK: Answers

    private func answer(_ callers: [UInt64], _ outcome: FlightOutcome, _ cell: FlightCell) {
        let now = Instant.now
        for caller in callers {
            guard let continuation = cell.take(caller) else { continue }
            switch result(outcome, isFirst: cell.isFirst(caller), cell, now) {
            case .success(let answer): continuation.resume(returning: counted(answer))
            case .failure(let error): continuation.resume(throwing: counted(error))
            }
        }
    }

    private func result(_ outcome: FlightOutcome, isFirst: Bool, _ cell: FlightCell, _ now: Instant) -> Result<CacheAnswer, any Error> {
        switch outcome {
        case .record:
            guard let entry = cell.entry else { break }
            return .success(entry.answer(from: cell.source, now: now, collapsed: cell.hasWaited))
        case .stale:
            guard let entry = cell.entry else { break }
            return .success(entry.staleAnswer(from: cell.source, now: now))
        case .fetched:
            guard let draft = cell.draft else { break }
            let record = draft.record(version: cell.token, storedAt: 0, spans: draft.spans(at: now), purges: cell.purges)
            let entry = MemoryEntry(record, serverTime: 0, anchor: now, era: 0)
            var answer = entry.answer(from: .mirror(draft.mirror), now: now, collapsed: !isFirst)
            answer.stale = false
            answer.forward = CacheAnswer.Forward(status: draft.receivedStatus, hadRecord: cell.entry != nil, isStored: cell.isFilled)
            return .success(answer)
        case .failure: break
        case .deadline(let hold, let isLate):
            if !isLate, let entry = cell.entry, now < entry.staleUntil {
                return .success(entry.staleAnswer(from: cell.source, now: now))
            }
            return .failure(deadlineError(hold, cell))
        }
        return .failure(cell.failure ?? CacheError(.deadlineExceeded, "the flight ended without an answer; ask again."))
    }

    private func deadlineError(_ hold: FlightHold, _ cell: FlightCell) -> CacheError {
        switch hold {
        case .redis:
            CacheError(
                .redisUnavailable,
                (cell.failure as? CacheError)?.message
                    ?? "Redis did not answer before the deadline; check that it runs and can be reached.",
                underlying: cell.failure ?? redis?.lastConnectionError)
        case .anotherProcess:
            CacheError(.deadlineExceeded, "another process is fetching \(cell.key) and was not done by the deadline; allow more time.")
        case .mirror:
            CacheError(.deadlineExceeded, "no mirror had answered \(cell.key) by the deadline; allow more time, or more mirrors.")
        }
    }
}

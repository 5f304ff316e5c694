package import SluiceLoop

/// The decisions of one key's flight in one process: who waits, who fetches, what becomes of it. Pure; see ``FlightEvent`` and ``FlightEffect``.
///
/// All callers of a key in a process share one flight, and all processes share one fetch: a lookup either finds a fresh
/// record, or takes the right to fetch, or learns that another process has it. Then the flight waits for that process's fill,
/// whose own invalidation message wakes it. Nothing is waited for without a bound: each caller has its deadline, another
/// process's flight has its lease, and a lost message is made good by looking again when that lease would end.
///
/// Whether a fill counts is for Redis alone to say: it refuses one whose flight was lost or overtaken by a write. Then all
/// who wait look again, so nobody is handed an answer older than an invalidation.
package struct Flight: Sendable {
    /// The spans a flight reckons with, in microseconds.
    package struct Timing: Sendable, Hashable {
        /// The lease of our own flights; renewed at a third of it.
        package var lease: Int64
        /// How long after another's lease should have ended we look again.
        package var slack: Int64 = 5_000
        /// How long until Redis is asked again when it could not be reached.
        package var retry: Int64 = 100_000
        /// How long until we look again while no invalidation can reach us.
        package var poll: Int64 = 50_000

        package init(lease: Int64) { self.lease = lease }
    }

    private enum Phase: Sendable, Hashable {
        case idle
        /// `overtaken`: an invalidation arrived since we asked, so a record that the reply brings may be old.
        case lookingUp(overtaken: Bool)
        case waiting(until: Instant)
        case offline(until: Instant)
        case fetching(renewAt: Instant, deadline: Instant)
        case filling
    }

    private let timing: Timing
    /// Whether the fetch is everybody's. One for a key whose answers are not kept is not: other processes fetch beside it, and what it
    /// brings goes to those who wait here alone.
    private var isShared = true
    /// Whether a request is on its way to a mirror.
    private var isOnTheWay = false
    private var phase = Phase.idle
    private var attempt: UInt64 = 0
    private var waiters: [UInt64: Instant] = [:]
    /// Those of them to whom nothing stale is given as long as something fresh may come.
    private var insistent: Set<UInt64> = []
    /// Whether an invalidation arrived since the fetch began; it may be the fill's own.
    private var hasHeardChange = false
    /// Who has asked since then. Only Redis can say whether what is being fetched is new enough for them, or a fetch after this one.
    private var latecomers: Set<UInt64> = []
    /// What those of them bear who bear less than others.
    private var bounds: [UInt64: Recency] = [:]
    /// Those of them who joined after the lookup that is under way was asked.
    private var unasked: Set<UInt64> = []
    /// Until when somebody wants a refresh that nobody waits for.
    private var refreshUntil: Instant?
    /// No later than the first deadline; may be earlier after somebody left.
    private var firstDeadline = Instant.distantFuture

    /// A flight that has not begun.
    package init(timing: Timing) { self.timing = timing }

    /// When to send ``FlightEvent/ticked``.
    package var nextTick: Instant {
        let deadline = min(firstDeadline, refreshUntil ?? .distantFuture)
        switch phase {
        case .idle, .lookingUp, .filling: return deadline
        case .waiting(let until), .offline(let until): return min(deadline, until)
        case .fetching(let renewAt, _): return min(deadline, renewAt)
        }
    }

    /// Whether it fetches, or stores what it fetched: it holds the right to do so.
    package var isHolder: Bool {
        switch phase {
        case .fetching, .filling: true
        default: false
        }
    }

    /// Whether an invalidation arrived since Redis was asked: what its reply brings may be old.
    package var isOvertaken: Bool { phase == .lookingUp(overtaken: true) }

    /// Since when a mirror must have given what is to do for all who wait; nil: whenever, as long as it is fresh.
    var freshSince: Instant? { bounds.lazy.filter { waiters[$0.key] != nil }.map(\.value.fresh).max() }

    /// Decides.
    /// - Parameters:
    ///   - canHear: whether invalidations reach this process; without them a wait is a poll.
    ///   - receivedAt: when a mirror gave the record at hand, or what was fetched.
    package mutating func handle(
        _ event: FlightEvent, now: Instant, canHear: Bool, receivedAt: Instant = .distantFuture
    ) -> [FlightEffect] {
        switch event {
        case .joined(let waiter, let deadline, let insists, let recency):
            let wasUnwanted = isUnwanted
            waiters[waiter] = deadline
            if insists { insistent.insert(waiter) }
            // The answer under way may have come already, and be older than this caller bears: he looks when it is there.
            if hasHeardChange || isHolder && recency != .any { latecomers.insert(waiter) }
            if recency != .any {
                bounds[waiter] = recency
                unasked.insert(waiter)
            }
            firstDeadline = min(firstDeadline, deadline)
            switch phase {
            case .idle: return lookUp()
            // As long as nobody waited the lease was not renewed: another process may have begun anew.
            case .fetching where isShared && wasUnwanted: return [.renew(attempt: attempt)]
            default: return []
            }
        case .refreshWanted(let deadline, let isAhead):
            refreshUntil = max(deadline, refreshUntil ?? deadline)
            return phase == .idle ? lookUp(ahead: isAhead) : []
        case .left(let waiter):
            waiters[waiter] = nil
            bounds[waiter] = nil
            return stopIfUnwanted()
        case .lookedUp(let attempt, let reply):
            guard attempt == self.attempt, case .lookingUp(let overtaken) = phase else { return [] }
            return lookedUp(reply, overtaken: overtaken, now: now, canHear: canHear, receivedAt: receivedAt)
        case .invalidated: return invalidated(now: now)
        case .trackingRestored: return invalidated(now: now)
        case .outdated(let number):
            guard case .fetching = phase else { return [] }
            hasHeardChange = true
            latecomers.formUnion(waiters.keys.filter { $0 > number })
            return []
        case .renewed(let attempt, let isValid):
            guard attempt == self.attempt, case .fetching(_, let deadline) = phase else { return [] }
            if isValid == false { return restart(cancelling: true) }
            let pause = isValid == nil ? timing.retry : timing.lease / 3
            phase = .fetching(renewAt: now.advanced(byMicroseconds: pause), deadline: deadline)
            return []
        case .onTheWay(let attempt, let isSo):
            guard attempt == self.attempt, case .fetching = phase else { return [] }
            isOnTheWay = isSo
            return stopIfUnwanted()
        case .fetched(let attempt, let ending):
            guard attempt == self.attempt, case .fetching(_, let deadline) = phase else { return [] }
            isOnTheWay = false
            return fetched(ending, deadline: deadline, receivedAt: receivedAt)
        case .filled(let attempt, let isAccepted):
            guard attempt == self.attempt, phase == .filling else { return [] }
            return isAccepted == false ? restart(cancelling: false) : give(.fetched, exceptTo: latecomers)
        case .ticked: return ticked(now: now)
        }
    }

    // MARK: Phases

    private mutating func lookUp(again: Bool = false, ahead: Bool = false) -> [FlightEffect] {
        if !again { attempt += 1 }
        phase = .lookingUp(overtaken: false)
        isOnTheWay = false
        unasked = []
        isShared = true
        hasHeardChange = false
        latecomers = []
        return [.lookUp(attempt: attempt, isAhead: ahead)]
    }

    private mutating func lookedUp(
        _ reply: LookupReply, overtaken: Bool, now: Instant, canHear: Bool, receivedAt: Instant
    ) -> [FlightEffect] {
        switch reply {
        case .fresh:
            if overtaken { return lookUpOrStop() }
            // Whoever was there when Redis was asked has what he asked for; who came later may want something younger.
            let late = unasked.filter { receivedAt < bounds[$0]?.fresh ?? receivedAt }
            return late.isEmpty ? finish(.record) : answer(.record) { waiter, _ in !late.contains(waiter) } + lookUpOrStop()
        case .taken(let usable):
            let servable = usable && !overtaken
            let deadline = wantedUntil
            guard !isUnwanted else {
                phase = .idle
                return [.abandon(attempt: attempt), .end]
            }
            var effects: [FlightEffect] = []
            if servable {
                refreshUntil = deadline
                effects += answerTheContent(receivedAt)
            }
            let isRefresh = waiters.isEmpty
            phase = .fetching(renewAt: now.advanced(byMicroseconds: timing.lease / 3), deadline: deadline)
            effects.append(.fetch(attempt: attempt, deadline: deadline, isRefresh: isRefresh))
            // The message may be that of a write just after we took the flight: better to know before a slot is spent.
            if overtaken { effects.append(.renew(attempt: attempt)) }
            return effects
        case .takenAhead:
            if overtaken { return [.abandon(attempt: attempt)] + lookUpOrStop() }
            let deadline = wantedUntil
            let answers = answer(.record) { receivedAt >= $1.fresh }
            let compromises = answerTheContent(receivedAt)
            if !compromises.isEmpty { refreshUntil = deadline }
            guard !isUnwanted else { return [.abandon(attempt: attempt)] + answers + finish(.record) }
            phase = .fetching(renewAt: now.advanced(byMicroseconds: timing.lease / 3), deadline: deadline)
            return answers + compromises + [.fetch(attempt: attempt, deadline: deadline, isRefresh: waiters.isEmpty)]
        case .held(let lease, let servable):
            let answers = servable && !overtaken ? answerTheContent(receivedAt) : []
            return answers + wait(lease, overtaken: overtaken, now: now, canHear: canHear)
        case .heldAhead(let lease):
            let answers = overtaken ? [] : answer(.record) { receivedAt >= $1.fresh } + answerTheContent(receivedAt)
            return answers + wait(lease, overtaken: overtaken, now: now, canHear: canHear)
        case .declined(let servable):
            // A refresh would bring nothing that could be kept.
            let answers = servable && !overtaken ? answerTheContent(receivedAt) : []
            if waiters.isEmpty { return answers + finish(.stale) }
            isShared = false
            phase = .fetching(renewAt: .distantFuture, deadline: wantedUntil)
            return answers + [.fetch(attempt: attempt, deadline: wantedUntil, isRefresh: false)]
        case .unreachable(let servable):
            if servable || waiters.isEmpty { return finish(.stale) }
            phase = .offline(until: now.advanced(byMicroseconds: timing.retry))
            return []
        case .failed(let servable):
            return finish(servable ? .stale : .failure)
        }
    }

    /// Another process fetches: its message wakes those who are left.
    private mutating func wait(_ lease: Int64, overtaken: Bool, now: Instant, canHear: Bool) -> [FlightEffect] {
        if waiters.isEmpty { return finish(.record) }
        if overtaken { return lookUp() }
        let wait = min(max(lease, 0), timing.lease * 10) + timing.slack
        phase = .waiting(until: now.advanced(byMicroseconds: canHear ? wait : min(wait, timing.poll)))
        return []
    }

    private mutating func lookUpOrStop() -> [FlightEffect] { isUnwanted ? finish(.record) : lookUp() }

    private mutating func invalidated(now: Instant) -> [FlightEffect] {
        switch phase {
        case .idle: return []
        case .filling:
            hasHeardChange = true
            return []
        case .lookingUp:
            phase = .lookingUp(overtaken: true)
            return []
        case .waiting: return lookUp()
        case .offline: return lookUp(again: true)
        case .fetching:
            hasHeardChange = true
            return isShared ? [.renew(attempt: attempt)] : []
        }
    }

    private mutating func fetched(_ ending: FetchEnding, deadline: Instant, receivedAt: Instant) -> [FlightEffect] {
        switch ending {
        case .storable where isShared:
            phase = .filling
            return [.fill(attempt: attempt)]
        case .storable, .unstorable:
            // Nothing asks Redis whether it is new enough. Who asked after a change was heard cannot know that it is.
            let late = hasHeardChange ? latecomers : latecomers.filter { receivedAt < bounds[$0]?.fresh ?? receivedAt }
            return (isShared ? [.decline(attempt: attempt)] : []) + give(.fetched, exceptTo: late)
        case .errorAnswer:
            // It tells of no state of what was asked for, neither an old one nor a new one.
            return (isShared ? [.abandon(attempt: attempt)] : []) + finish(.fetched)
        case .noSpareSlot:
            // Who has joined meanwhile waits, and may have any slot.
            refreshUntil = nil
            return [.abandon(attempt: attempt)] + (waiters.isEmpty ? finish(.stale) : lookUp())
        case .failed(let deadlineBound, let servable):
            let abandon = FlightEffect.abandon(attempt: attempt)
            if servable { return [abandon] + give(.stale, exceptTo: hasHeardChange ? latecomers : []) }
            let patient = deadlineBound ? waiters.filter { $0.value > deadline } : [:]
            guard !patient.isEmpty else { return [abandon] + finish(.failure) }
            let ended = waiters.keys.filter { patient[$0] == nil }.sorted()
            waiters = patient
            refreshUntil = nil
            return [abandon] + (ended.isEmpty ? [] : [.answer(ended, .failure)]) + lookUp()
        }
    }

    private mutating func ticked(now: Instant) -> [FlightEffect] {
        var effects: [FlightEffect] = []
        if firstDeadline <= now {
            let late = waiters.filter { $0.value <= now }.keys.sorted()
            let unsure = phase == .filling ? latecomers : Set(late)
            let (given, refused) = (late.filter { !unsure.contains($0) }, late.filter { unsure.contains($0) })
            if !given.isEmpty { effects.append(.answer(given, .fetched)) }
            let outdated = refused.filter { hasHeardChange && latecomers.contains($0) }
            let others = refused.filter { !outdated.contains($0) }
            if !others.isEmpty { effects.append(.answer(others, .deadline(hold))) }
            if !outdated.isEmpty { effects.append(.answer(outdated, .deadline(hold, isLate: true))) }
            for waiter in late { waiters[waiter] = nil }
            firstDeadline = waiters.values.min() ?? .distantFuture
        }
        if let until = refreshUntil, until <= now { refreshUntil = nil }
        let stopping = stopIfUnwanted()
        if !stopping.isEmpty { return effects + stopping }
        switch phase {
        case .waiting(let until) where until <= now: effects += lookUp()
        case .offline(let until) where until <= now: effects += lookUp(again: true)
        case .fetching(let renewAt, let deadline) where renewAt <= now:
            // Its reply sets the time of the next one; should it stay out, this does.
            phase = .fetching(renewAt: now.advanced(byMicroseconds: timing.lease / 3), deadline: deadline)
            // What nobody here waits for is another process's to begin anew, once the lease is over and it still is not there.
            if !isUnwanted { effects.append(.renew(attempt: attempt)) }
        default: break
        }
        return effects
    }

    // MARK: Ends

    private var isUnwanted: Bool { waiters.isEmpty && refreshUntil == nil }

    private var wantedUntil: Instant { max(waiters.values.max() ?? .init(microseconds: .min), refreshUntil ?? .init(microseconds: .min)) }

    private var hold: FlightHold {
        switch phase {
        case .idle, .lookingUp, .offline: .redis
        case .waiting: .anotherProcess
        case .fetching, .filling: .mirror
        }
    }

    /// Ends what nobody wants. What is on its way to Redis is awaited: it may have taken a flight that must be given back. So is what is on
    /// its way to a mirror: its slot is spent, who asks again wants the answer, and so may other processes.
    private mutating func stopIfUnwanted() -> [FlightEffect] {
        guard isUnwanted else { return [] }
        switch phase {
        case .idle, .lookingUp, .filling: return []
        case .waiting, .offline:
            phase = .idle
            return [.end]
        case .fetching where isOnTheWay: return []
        case .fetching:
            phase = .idle
            return [.cancelFetch(attempt: attempt), .abandon(attempt: attempt), .end]
        }
    }

    /// What we fetched, or were about to, no longer counts.
    private mutating func restart(cancelling: Bool) -> [FlightEffect] {
        let cancel: [FlightEffect] = cancelling ? [.cancelFetch(attempt: attempt)] : []
        if waiters.isEmpty {
            phase = .idle
            return cancel + [.end]
        }
        return cancel + lookUp()
    }

    /// Gives a record that is stale, or too old to be fresh to them, to those whom it will do.
    private mutating func answerTheContent(_ receivedAt: Instant) -> [FlightEffect] {
        let insistent = insistent
        return answer(.stale) { !insistent.contains($0) && receivedAt >= $1.stale }
    }

    private mutating func answer(_ outcome: FlightOutcome, where isAnswered: (UInt64, Recency) -> Bool) -> [FlightEffect] {
        let answered = waiters.keys.filter { isAnswered($0, bounds[$0] ?? .any) }.sorted()
        for waiter in answered {
            waiters[waiter] = nil
            bounds[waiter] = nil
        }
        firstDeadline = waiters.values.min() ?? .distantFuture
        return answered.isEmpty ? [] : [.answer(answered, outcome)]
    }

    /// Gives what there is to those who asked before anything was heard to have changed. The others look again: what was heard may be
    /// the fill's own message, or that of a change after it.
    private mutating func give(_ outcome: FlightOutcome, exceptTo late: Set<UInt64>) -> [FlightEffect] {
        guard waiters.keys.contains(where: late.contains) else { return finish(outcome) }
        refreshUntil = nil
        return answer(outcome) { waiter, _ in !late.contains(waiter) } + lookUp()
    }

    private mutating func answerAll(_ outcome: FlightOutcome) -> [FlightEffect] {
        let all = waiters.keys.sorted()
        waiters = [:]
        insistent = []
        latecomers = []
        hasHeardChange = false
        bounds = [:]
        firstDeadline = .distantFuture
        return all.isEmpty ? [] : [.answer(all, outcome)]
    }

    private mutating func finish(_ outcome: FlightOutcome) -> [FlightEffect] {
        phase = .idle
        refreshUntil = nil
        return answerAll(outcome) + [.end]
    }
}

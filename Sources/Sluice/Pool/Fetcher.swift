import SluiceCache
import SluiceCoordination
import SluiceHTTP
import SluiceLoop

/// Gets one request answered: takes a slot, asks its mirror, reports what became of the slot, and tries another mirror when
/// that failed. Every attempt on the wire has a slot of its own.
actor Fetcher {
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    /// What is to be fetched, by when.
    struct Need: Sendable {
        var method = "GET"
        var target: String
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        var isIdempotent = true
        var urgency = FetchUrgency(SlotPriority.normal.rawValue)
        var deadline: Instant
        /// Whether the request itself must end by the deadline; otherwise only the wait for its slot.
        var isBoundByDeadline = false
        /// Nobody waits for it: it takes a slot that nobody wants, and only one.
        var isRefresh = false
        /// Whether something older will do where mirrors fail: it is not waited for them to get well, nor tried for long.
        var hasFallback = false
        /// Told true when a request leaves, and false when it has ended without an answer and another one is to follow.
        var whenOnTheWay: @Sendable (Bool) -> Void = { _ in }
        /// Called after each request that left and had no answer: it may have been carried out, or may be until that instant.
        var whenUncertain: (@Sendable (Instant) -> Void)?

        /// Whether “not modified” would be an answer.
        var isConditional: Bool { headers.contains { ["if-none-match", "if-modified-since"].contains($0.name.lowercased()) } }
    }

    /// Attempts that may fail before the call does.
    private static let attempts = 4
    /// What other calls of this process may take to give back a connection when no more can be had, in microseconds.
    private static let lackPause: Int64 = 100_000

    /// For how long mirrors that fail are tried, and waited for, where something older will do, in microseconds.
    private static let fallbackPatience: Int64 = 250_000

    /// How long to wait, in microseconds, after so many failures of which the last could not leave: it is back soon, or what the pool knows of
    /// the mirror has to change, which takes two seconds at the most.
    private static func pause(_ error: HTTPError, _ failures: Int) -> Int64 {
        error.wasSent ? 0 : [20_000, 200_000, 2_000_000][min(failures, 3) - 1]
    }

    nonisolated let loop: EventLoop
    private let http: HTTPClient
    private let coordinator: SlotCoordinator
    private let ledger: any SlotLedger
    private let mirrors: [Mirror]
    private let timeout: Duration
    /// Hears what the ledger says of the mirrors.
    private let news: ConductNews

    init(
        loop: EventLoop, http: HTTPClient, coordinator: SlotCoordinator, ledger: any SlotLedger, mirrors: [Mirror], timeout: Duration,
        news: ConductNews
    ) {
        self.loop = loop
        self.http = http
        self.coordinator = coordinator
        self.ledger = ledger
        self.mirrors = mirrors
        self.timeout = timeout
        self.news = news
    }

    /// The answer of the first mirror that gives one.
    /// - Throws: `SluiceError`.
    func fetch(_ need: Need) async throws(SluiceError) -> (response: HTTPResponse, mirror: Mirror) {
        var avoided: Set<Int> = []
        var failures = 0
        var last: (response: HTTPResponse, mirror: Mirror)?
        // What the last attempt without an answer came to, for whoever is told that there was no time for more.
        var trouble = ""
        let began = Instant.now
        while true {
            let slot = try await slot(for: need, avoiding: avoided, after: trouble, areFailing: failures > 0)
            do throws(HTTPError) {
                let (response, verdict) = try await attempt(need, slot)
                switch verdict {
                case .answer: return (response, mirrors[slot.mirror])
                case .refused:
                    // Unlike a 429, a 503 may come from somebody on the way when the request was carried out.
                    let isOver = need.isRefresh || response.status == 503 && !need.isIdempotent
                    if isOver { return (response, mirrors[slot.mirror]) }
                case .failed:
                    failures += 1
                    guard need.isIdempotent, !need.isRefresh, isWorthMore(need, after: failures, since: began) else {
                        return (response, mirrors[slot.mirror])
                    }
                }
                last = (response, mirrors[slot.mirror])
                trouble = ""
            } catch {
                switch error.code {
                case .cancelled, .shutDown, .responseTooLarge, .headersTooLarge, .invalidRequest: throw SluiceError(error)
                default: break
                }
                trouble = "; last, at \(mirrors[slot.mirror].name): \(error.message)"
                let isLate = LateStart.happened(error)
                let isLacking = error.code == .outOfResources && !error.wasSent
                // Who could not even ask, and no mirror is to blame for it, goes on until the deadline.
                if isLate ? LateStart.isMirrorsFault(error, sendBy: slot.sendBy) : !isLacking { failures += 1 }
                if need.isBoundByDeadline, Instant.now >= need.deadline {
                    throw SluiceError(
                        .deadlineExceeded, "the deadline passed while \(mirrors[slot.mirror].name) was asked", underlying: error)
                }
                if need.isRefresh, failures == 0 {
                    throw SluiceError(.noSlotInTime, "the refresh could not leave while its slot was good", underlying: error)
                }
                guard !need.isRefresh, isWorthMore(need, after: failures, since: began), need.isIdempotent || !error.wasSent else {
                    let sent = need.isIdempotent ? "" : "; it may have been carried out, and is not sent again"
                    throw SluiceError(
                        .mirrorsUnavailable,
                        "\(need.method) \(need.target) failed \(failures) times, last at \(mirrors[slot.mirror].name): \(error.message)\(sent)",
                        underlying: error)
                }
                // Many end so in the same moment. When the ledger has heard of them all it has no slot of that mirror for any of them.
                let pause = isLacking ? Self.lackPause : isLate ? LateStart.pause : Self.pause(error, failures)
                // There is to be time left for another attempt.
                let left = max(0, need.deadline.microseconds(since: .now) / 2)
                let longest = need.hasFallback ? min(left, Self.fallbackPatience) : left
                if pause > 0 { try? await loop.sleep(until: Instant.now.advanced(byMicroseconds: min(pause, longest))) }
            }
            need.whenOnTheWay(false)
            avoided = mirrors.count > 1 ? [slot.mirror] : []
            guard Instant.now < need.deadline else {
                if let last { return last }
                throw SluiceError(.deadlineExceeded, "the deadline passed after \(failures) failed attempts at \(need.target)\(trouble)")
            }
        }
    }

    /// Whether another attempt may follow. Who has something to fall back on asks each mirror once, or tries for as long as nobody minds.
    private func isWorthMore(_ need: Need, after failures: Int, since began: Instant) -> Bool {
        guard failures < Self.attempts else { return false }
        return !need.hasFallback || failures < mirrors.count || Instant.now < began.advanced(byMicroseconds: Self.fallbackPatience)
    }

    /// - Parameter areFailing: whether an attempt has failed.
    private func slot(
        for need: Need, avoiding: Set<Int>, after trouble: String, areFailing: Bool
    ) async throws(SluiceError) -> Slot {
        do throws(CoordinationError) {
            if need.isRefresh { return try await coordinator.acquireSpare() }
            let isBrief = need.hasFallback && (areFailing || coordinator.assumeIsolated { $0.isEveryMirrorFailing })
            let end = isBrief ? min(need.deadline, Instant.now.advanced(byMicroseconds: Self.fallbackPatience)) : need.deadline
            // A slot that comes at the very end helps nobody; who is refused just before it is told when to come back.
            let left = end.microseconds(since: .now)
            let deadline = end.advanced(byMicroseconds: -max(0, min(10_000, left / 10)))
            defer { need.urgency.whenRaised(nil) }
            return try await coordinator.acquire(priority: SlotPriority(need.urgency), deadline: deadline, avoiding: avoiding) { waiter in
                need.urgency.whenRaised { [coordinator, loop, urgency = need.urgency] _ in
                    loop.execute { coordinator.assumeIsolated { $0.raise(waiter, to: SlotPriority(urgency)) } }
                }
            }
        } catch {
            var error = SluiceError(error)
            if error.code == .noSlotInTime { error.message += trouble }
            throw error
        }
    }

    /// One request on the wire at most; tells the ledger what became of its slot, and how the mirror fared.
    private func attempt(_ need: Need, _ slot: Slot) async throws(HTTPError) -> (HTTPResponse, Verdict) {
        let mirror = mirrors[slot.mirror]
        var headers = need.headers.filter { field in !mirror.headers.keys.contains { $0.lowercased() == field.name.lowercased() } }
        headers += mirror.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let request = HTTPRequest(method: need.method, url: mirror.url + need.target, headers: headers, body: need.body)
        let started = Instant.now
        let left = need.deadline.duration(since: started)
        let ticket = Ticket(slot)
        do throws(HTTPError) {
            let response = try await http.send(
                request, timeout: need.isBoundByDeadline ? min(timeout, left) : timeout, startBy: slot.sendBy
            ) {
                guard ticket.spend() else { return false }
                need.whenOnTheWay(true)
                return true
            }
            let verdict = Verdict.of(response, isConditional: need.isConditional)
            let latency = response.firstByteAt.microseconds(since: ticket.spentAt ?? started)
            let fare: SlotFare
            switch verdict {
            case .answer: fare = .answered(latency: latency)
            case .failed: fare = .failed
            case .refused(let asked):
                // Before its slot is over: once a probe is, the next one may leave.
                await refused(slot, asked: asked)
                fare = .unknown
            }
            // The mirror had counted the request when its answer began.
            await coordinator.finish(slot, .completed(response.firstByteAt), fare)
            return (response, verdict)
        } catch {
            let end = end(of: ticket, error)
            await coordinator.finish(slot, error.wasSent ? .completed(end) : .unsent, fare(of: error, need, slot))
            if error.wasSent { need.whenUncertain?(end) }
            throw error
        }
    }

    /// Tells the pool that a mirror refused for want of quota.
    private func refused(_ slot: Slot, asked: Int64?) async {
        // When Redis is out of reach nobody sends anyway; the next refusal says it again.
        guard let reply = try? await ledger.penalise(mirror: slot.mirror, grant: slot.grant.number, asked: asked) else { return }
        news.heard(reply.mirrors, reply.stamp)
    }

    /// What an attempt without an answer tells of its mirror.
    private func fare(of error: HTTPError, _ need: Need, _ slot: Slot) -> SlotFare {
        if LateStart.happened(error) { return LateStart.isMirrorsFault(error, sendBy: slot.sendBy) ? .failed : .unknown }
        return switch error.code {
        case .cancelled, .shutDown, .invalidRequest, .attemptRefused, .outOfResources, .trustUnreadable: .unknown
        case .responseTooLarge, .headersTooLarge: .answered(latency: nil)
        // A request that the call's own deadline cut off says nothing about the mirror.
        default: need.isBoundByDeadline && Instant.now >= need.deadline ? .unknown : .failed
        }
    }

    /// The last moment at which the mirror may have counted a request that failed.
    private func end(of ticket: Ticket, _ error: HTTPError) -> Instant {
        switch error.code {
        case .responseTooLarge, .headersTooLarge: error.endedAt
        // The mirror, or somebody on the way, ended the connection: what is still on its way finds none.
        case .connectionLost, .protocolError: error.endedAt.advanced(byMicroseconds: CutRequest.busyGuard)
        default:
            CutRequest.over(sentAt: ticket.spentAt ?? error.endedAt, endedAt: error.endedAt, timeout: timeout.microseconds)
        }
    }
}

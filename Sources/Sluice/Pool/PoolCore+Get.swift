import SluiceCache
import SluiceCoordination
import SluiceHTTP
import SluiceLoop

extension PoolCore {
    /// An answer that memory does not hold.
    func get(_ key: CacheKey, options: CallOptions) async throws(SluiceError) -> Answer {
        Answer(try await answer(for: key, options: options))
    }

    /// The same, as the cache gives it.
    func answer(for key: CacheKey, options: CallOptions, acceptsStale: Bool = true) async throws(SluiceError) -> CacheAnswer {
        try enter()
        defer { leave() }
        if !options.tags.isEmpty { try PoolTag.check(options.tags) }
        let policy = CachePolicy(
            fresh: options.fresh, stale: options.stale, overridesAnswer: options.overridesAnswer, dropsParameters: options.dropsParameters,
            ignoresVary: Set(options.ignoresVary.map { $0.lowercased() }), tags: options.tags)
        let allowed = options.deadline ?? configuration.deadline
        guard allowed > .zero else {
            throw SluiceError(
                .noSlotInTime,
                "memory holds no answer that can be given without asking Redis or a mirror, and the call may not wait for them; allow more time"
            )
        }
        let deadline = Instant.now.advanced(by: allowed)
        // A little before the call ends: whoever waits then still for a slot learns that, and when to come back.
        let margin = min(20_000, allowed.microseconds / 10)
        do {
            return try await cache.answer(
                for: key, policy: policy, deadline: deadline, acceptsStale: acceptsStale, maxAge: options.maxAge,
                urgency: SlotPriority(options.priority).rawValue
            ) { [fetcher] need in
                try await fetcher.fetch(key, for: need, margin: margin)
            }
        } catch {
            throw SluiceError(error)
        }
    }

    /// A request that the cache has no part in, apart from forgetting what it may have changed (RFC 9111 section 4.4).
    func send(_ request: PoolRequest, options: CallOptions) async throws(SluiceError) -> Answer {
        let target: CacheKey
        do throws(CacheKeyError) {
            target = try CacheKey(method: request.method, target: request.path)
        } catch {
            throw SluiceError(.invalidRequest, "\(request.method) “\(request.path.excerpt)” cannot be sent: \(error.message)")
        }
        for field in request.headers where !RequestRules.isToken(field.name) || !RequestRules.isFieldValue(field.value) {
            throw SluiceError(.invalidRequest, "the header field “\(field.name.excerpt)” cannot be sent; mind spaces and line breaks")
        }
        // What a request with this method may change.
        let isSafe = ["GET", "HEAD", "OPTIONS", "TRACE"].contains(request.method)
        let own = isSafe ? nil : try? CacheKey(target: target.target, dropping: options.dropsParameters)
        let changed = own.map { ChangedAnswers(own: $0, dropped: options.dropsParameters) }
        let sending = Sending<(response: HTTPResponse, mirror: Mirror)>()
        let need = Fetcher.Need(
            method: request.method, target: request.path, headers: request.headers, body: request.body,
            isIdempotent: request.isIdempotent, urgency: FetchUrgency(SlotPriority(options.priority).rawValue),
            deadline: Instant.now.advanced(by: options.deadline ?? configuration.deadline), isBoundByDeadline: true,
            whenOnTheWay: { sending.isOnTheWay($0) },
            whenUncertain: { [owedPurges, loop] end in
                guard let changed else { return }
                Task {
                    await owedPurges.purge(changed.own)
                    // What was read meanwhile may be from before it.
                    try await loop.sleep(until: end)
                    await owedPurges.purge(changed.own)
                }
            })
        try enter()
        sending.begin(Task(executorPreference: loop) { await self.send(need, changing: changed, sending) })
        let (response, mirror) = try await sending.value()
        return Answer(
            status: response.status, headers: response.headers, body: response.body, source: .mirror(mirror.name), isStale: false,
            isCollapsed: false, age: .zero, freshFor: .zero)
    }

    /// The call lasts for as long as its request does, also when its caller has gone.
    private func send(
        _ need: Fetcher.Need, changing changed: ChangedAnswers?, _ sending: Sending<(response: HTTPResponse, mirror: Mirror)>
    ) async {
        defer { leave() }
        // Whatever has a deadline of its own tells first that it has passed, and more.
        let clock = Task(executorPreference: loop) { [loop] in
            try await loop.sleep(until: need.deadline.advanced(byMicroseconds: 20_000))
            sending.expire(
                SluiceError(
                    .deadlineExceeded,
                    "the deadline passed before it was known what became of \(need.method) \(need.target); if it has left, it may be carried out"
                ))
        }
        defer { clock.cancel() }
        do throws(SluiceError) {
            let answer = try await fetcher.fetch(need)
            sending.answered(answer)
            if let changed, (200..<400).contains(answer.response.status) {
                for key in changed.all(by: answer.response, from: answer.mirror, of: MirrorPlaces(mirrors.map(\.url))) {
                    await owedPurges.purge(key)
                }
            }
            sending.end(.success(answer))
        } catch {
            sending.end(.failure(error))
        }
    }
}

extension SlotPriority {
    init(_ priority: CallOptions.Priority) { self = SlotPriority(rawValue: priority.rawValue) ?? .normal }

    init(_ urgency: FetchUrgency) { self = SlotPriority(rawValue: urgency.level) ?? .normal }
}

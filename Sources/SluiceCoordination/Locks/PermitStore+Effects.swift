import SluiceLoop
package import SluiceRedis

/// How decisions become script calls, and replies become events.
extension PermitStore {
    func carryOut(_ effect: PermitDesk.Effect) {
        switch effect {
        case .ask(let id, let request, let ticket):
            let resource = request.resource
            let mode = request.aim == .try ? "try" : "wait"
            run(
                PermitScript.ask, id, resource,
                [name(id, resource), "\(resource.permits)", "\(ticket)", "\(resource.lease / 1_000)", mode, known, keys.permitChannel]
            ) { .asked(id, $0.reply(), sentAt: $1) }
        case .open(let id, let request):
            run(PermitScript.open, id, request.resource, ["\(request.resource.permits)", known]) { .asked(id, $0.reply(), sentAt: $1) }
        case .renew(let id, let request, let token):
            let resource = request.resource
            run(
                PermitScript.renew, id, resource,
                [name(id, resource), "\(resource.permits)", "\(token)", "\(resource.lease / 1_000)", known, keys.permitChannel]
            ) { .renewed(id, $0.flag(), sentAt: $1) }
        case .release(let id, let request):
            run(PermitScript.release, id, request.resource, [name(id, request.resource), known, keys.permitChannel]) { result, _ in
                .released(id, result.flag())
            }
        case .give(let id, let token):
            failures[id] = nil
            guard let waiter = waiters.removeValue(forKey: id) else { return }
            waiter.resume(returning: .success(token.flatMap { hold(id, token: $0) }))
        case .refuse(let id, let request, let refusal):
            let failure = failures.removeValue(forKey: id)
            waiters.removeValue(forKey: id)?.resume(returning: .failure(error(refusal, request, failure)))
        case .lose(let id): holds[id]?.hold?.lose()
        case .ended(let id, let release): releases.removeValue(forKey: id)?.resume(returning: release)
        }
    }

    private func hold(_ id: UInt64, token: Int64) -> PermitHold? {
        guard let resource = desk.requests[id]?.resource else { return nil }
        let hold = PermitHold(resource, id: id, token: token) { [weak self, loop] id in
            // Asks for no thread but the loop's: the last reference may go anywhere.
            loop.execute { [weak self] in self?.assumeIsolated { $0.dropped(id) } }
        }
        holds[id] = WeakHold(hold: hold)
        return hold
    }

    /// Its owner has let go of a permit without giving it back.
    private func dropped(_ id: UInt64) {
        holds[id] = nil
        apply(.givenBack(id))
    }

    private var known: String { "\(desk.highestToken)" }

    private func name(_ id: UInt64, _ resource: PermitResource) -> String { "\(node.text)/\(id)/\(resource.lease / 1_000)" }

    /// Runs a script. It is never repeated by the client: the desk knows whether it still wants it.
    private func run(
        _ script: RedisScript, _ id: UInt64, _ resource: PermitResource, _ arguments: CommandArguments,
        _ event: @escaping @Sendable (Result<RedisValue, RedisError>, Instant) -> PermitDesk.Event
    ) {
        let sentAt = Instant.now
        redis.submit(script, keys: keys.permits(of: resource), arguments: arguments) { result in
            self.assumeIsolated { $0.answered(event(result, sentAt), id, failure: result.failure) }
        }
    }

    private func answered(_ event: PermitDesk.Event, _ id: UInt64, failure: RedisError?) {
        if waiters[id] != nil { failures[id] = failure }
        apply(event)
    }

    /// An event of the pool's subscription. Call it on the loop's thread.
    package func received(_ event: RedisSubscriber.Event) {
        switch event {
        case .message(let channel, let payload):
            guard channel == self.channel, let message = PermitMessage(payload: payload) else { return }
            apply(.granted(message.request, token: message.token))
        case .connected: apply(.listening)
        case .disconnected, .invalidated: break
        }
    }

    private func error(_ refusal: PermitDesk.Refusal, _ request: PermitRequest, _ failure: RedisError?) -> CoordinationError {
        let what = request.resource.description
        return switch refusal {
        case .deadline(true):
            CoordinationError(
                code: .coordinatorUnavailable,
                message: "the \(what) could not be asked for: "
                    + (failure?.reply.map { "until the deadline Redis refused it, last with “\($0)”" }
                        ?? "Redis did not answer before the deadline"),
                underlying: failure ?? redis.assumeIsolated { $0.lastConnectionError })
        case .redisRefused:
            CoordinationError(
                code: .coordinatorUnavailable,
                message: """
                    the \(what) could not be asked for: Redis refuses it with “\(failure?.reply ?? "")”. Its key is \
                    \(keys.permits(of: request.resource)[0]), with others that begin like it: delete what somebody else has written there, and \
                    let this user run scripts on the pool's keys and channels
                    """,
                underlying: failure)
        case .deadline(false):
            CoordinationError(code: .permitTimeout, message: "no permit of the \(what) came free before the deadline")
        case .otherCount(let count):
            CoordinationError(
                code: .invalidConfiguration,
                message: """
                    the \(what) exists with \(count) permits and was asked for with \(request.resource.permits): use the same number \
                    everywhere, or delete its key \(keys.permits(of: request.resource)[0]) while nobody uses it
                    """)
        case .stopped: CoordinationError(code: .shutDown, message: "the pool was shut down while the \(what) was waited for")
        case .cancelled:
            CoordinationError(code: .cancelled, message: "the caller's task was cancelled while it waited for the \(what)")
        }
    }
}

extension CoordinationError.Code {
    /// No permit came free before the caller's deadline.
    package static let permitTimeout = Self("deadlineExceeded")
}

extension Result<RedisValue, RedisError> {
    fileprivate var failure: RedisError? { if case .failure(let error) = self { error } else { nil } }

    /// Some replies say that asking again is in vain; before Redis 7 the code stands within the text.
    private var isRefusedForGood: Bool {
        guard let reply = failure?.reply else { return false }
        return reply.contains("WRONGTYPE") || reply.hasPrefix("NOPERM")
    }

    fileprivate func reply() -> Result<PermitReply, PermitDesk.Failure> {
        guard case .success(let value) = self, let reply = PermitReply(value) else {
            return .failure(isRefusedForGood ? .refused : .unreachable)
        }
        return .success(reply)
    }

    fileprivate func flag() -> Result<Bool, PermitDesk.Failure> {
        guard case .success(let value) = self, let number = value.int64 else { return .failure(.unreachable) }
        return .success(number == 1)
    }
}

import SluiceLoop

/// What each event means for the one request that it concerns.
extension PermitDesk {
    /// The call that the request's phase needs.
    static func call(_ request: inout PermitRequest, _ id: UInt64, now: Instant) -> [Effect] {
        request.isCalling = true
        request.callsAgain = false
        // Redis need not look for one that it cannot know.
        let ticket = request.anchor == nil ? -1 : request.ticket
        if request.anchor == nil { request.anchor = now }
        switch (request.phase, request.aim) {
        case (.waiting, .open): return [.open(id, request)]
        case (.waiting, _): return [.ask(id, request, ticket: ticket)]
        case (.held, _): return [.renew(id, request, token: request.token)]
        case (.lost, _), (.over, _): return []
        case (.leaving, _): return [.release(id, request)]
        }
    }

    /// Ends a wish that was not fulfilled. Redis is told after the answer that may be under way, never before it: a withdrawal that
    /// overtook its question would leave a waiter that nobody is.
    static func leave(_ request: inout PermitRequest, refusal: Refusal, id: UInt64, now: Instant) -> [Effect] {
        request.phase = .leaving
        request.nextCall = now
        return [.refuse(id, request, refusal)]
    }

    static func hold(_ request: inout PermitRequest, _ id: UInt64, token: Int64) -> [Effect] {
        request.phase = .held
        request.token = token
        request.nextCall = (request.anchor ?? request.nextCall).advanced(byMicroseconds: request.resource.lease / 3)
        return [.give(id, token: token)]
    }

    static func asked(
        _ request: inout PermitRequest, _ id: UInt64, _ result: Result<PermitReply, Failure>, sentAt: Instant, now: Instant
    ) -> [Effect] {
        request.isCalling = false
        switch (request.phase, result) {
        case (.leaving, _):
            // Whatever the answer is, we want nothing any more.
            request.nextCall = now
            return []
        case (.lost, _), (.over, _): return []
        case (.waiting, .failure(.refused)):
            request.phase = .over
            return [.refuse(id, request, .redisRefused)]
        case (_, .failure):
            // An error that stays must not become a poll.
            let wait = min(pause << min(request.failures, 5), request.resource.lease / 3)
            request.failures += 1
            request.nextCall = request.callsAgain ? now : now.advanced(byMicroseconds: wait)
            return []
        case (.waiting, .success(.held(let token))):
            request.anchor = sentAt
            return hold(&request, id, token: token)
        case (.held, .success(.held)):
            request.anchor = sentAt
            request.nextCall = sentAt.advanced(byMicroseconds: request.resource.lease / 3)
            return []
        case (.held, .success(.waiting(_, _, let lastToken))):
            // The answer was on its way when the message came; unless it is younger, then the permit is gone.
            guard lastToken >= request.token else { return [] }
            request.phase = .lost
            return [.lose(id)]
        case (.held, .success): return []
        case (.waiting, .success(.waiting(let ticket, let firstEnd, let lastToken))):
            request.failures = 0
            request.ticket = ticket
            request.staleToken = lastToken
            request.anchor = sentAt
            let beat = sentAt.advanced(byMicroseconds: request.resource.lease / 3)
            // Two milliseconds later than said, since leases end on whole ones; and never in a tight circle.
            let end = now.advanced(byMicroseconds: max(firstEnd + 2_000, 10_000))
            request.nextCall = request.callsAgain ? now : min(beat, end)
            return []
        case (.waiting, .success(.declined)), (.waiting, .success(.opened)):
            request.phase = .over
            return [.give(id, token: nil)]
        case (.waiting, .success(.otherCount(let count))):
            request.phase = .over
            return [.refuse(id, request, .otherCount(count))]
        }
    }

    static func renewed(
        _ request: inout PermitRequest, _ id: UInt64, _ result: Result<Bool, Failure>, sentAt: Instant, now: Instant
    ) -> [Effect] {
        request.isCalling = false
        guard request.phase == .held else {
            if request.phase == .leaving { request.nextCall = now }
            return []
        }
        switch result {
        case .success(true):
            request.anchor = sentAt
            request.nextCall = request.callsAgain ? now : sentAt.advanced(byMicroseconds: request.resource.lease / 3)
            return []
        case .success(false):
            request.phase = .lost
            return [.lose(id)]
        case .failure:
            request.nextCall = request.callsAgain ? now : now.advanced(byMicroseconds: pause)
            return []
        }
    }
}

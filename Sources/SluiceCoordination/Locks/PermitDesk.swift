package import SluiceLoop

/// What one process does about its permits: when to ask, to renew, to give up and to let go. A value without I/O.
///
/// Nobody polls: a waiter is told by a message. It gives a sign of life each third of its lease, which also finds a permit whose message
/// was lost; and it asks when the first lease of all ends, so that a dead holder's permit goes on as soon as it may.
package struct PermitDesk {
    /// Why a call failed.
    package enum Failure: Error, Hashable, Sendable {
        /// Redis was not reached, or whether it did the call is unknown.
        case unreachable
        /// Redis refuses it, and will as long as nobody changes the data or this user's rights.
        case refused
    }

    /// Why a wish is refused.
    package enum Refusal: Hashable, Sendable {
        case deadline(redisFailed: Bool)
        case redisRefused
        case otherCount(Int64)
        case stopped
        case cancelled
    }

    /// What became of a permit that was given back.
    package enum Release: Hashable, Sendable {
        /// It was ours until then.
        case done
        /// It was no longer ours.
        case notHeld
        /// It had been given back before.
        case again
        /// Redis was not reached; the permit is free when its lease ends, or earlier.
        case uncertain
    }

    package enum Event: Sendable {
        case wanted(UInt64, PermitRequest)
        case asked(UInt64, Result<PermitReply, Failure>, sentAt: Instant)
        case renewed(UInt64, Result<Bool, Failure>, sentAt: Instant)
        case released(UInt64, Result<Bool, Failure>)
        /// A message: the request was given a permit.
        case granted(UInt64, token: Int64)
        case cancelled(UInt64)
        /// The owner gives the permit back.
        case givenBack(UInt64)
        /// Messages arrive (again); some may have been missed.
        case listening
        case stopped
    }

    package enum Effect: Sendable {
        /// `ticket`: its place in the queue; 0 when it asked before and heard of none, -1 when it never asked.
        case ask(UInt64, PermitRequest, ticket: Int64)
        case open(UInt64, PermitRequest)
        case renew(UInt64, PermitRequest, token: Int64)
        case release(UInt64, PermitRequest)
        /// The wish is fulfilled; token nil: without a permit (`try` in vain, `open`).
        case give(UInt64, token: Int64?)
        case refuse(UInt64, PermitRequest, Refusal)
        /// The permit may soon be another's: its owner must stop.
        case lose(UInt64)
        case ended(UInt64, Release)
    }

    var requests: [UInt64: PermitRequest] = [:]
    /// The highest token that this process has seen, of any lock.
    package private(set) var highestToken: Int64 = 0
    /// Not later than the first due instant of all.
    package private(set) var nextStep = Instant.distantFuture
    private var isStopped = false

    /// How soon a failed call is repeated, in microseconds; each further failure of a question doubles it, up to 32 times as long.
    package static let pause: Int64 = 50_000

    package init() {}

    /// How many wait, and how many hold.
    package var counts: (waiting: Int, held: Int) {
        (requests.values.count { $0.phase == .waiting }, requests.values.count { $0.phase == .held })
    }

    /// Learns what happened, and says what is to be done about it.
    package mutating func apply(_ event: Event, now: Instant) -> [Effect] {
        switch event {
        case .wanted(let id, let request):
            if isStopped { return [.refuse(id, request, .stopped)] }
            requests[id] = request
            return step(id, now: now)
        case .listening:
            // Whoever waits for its turn may have missed it; and if Redis was restarted without its data, whoever holds a permit
            // wants its place back before others ask for it.
            return requests.keys.sorted().flatMap { id in
                update(id, now: now) { request in
                    guard request.phase == .waiting || request.phase == .held else { return [] }
                    if request.isCalling { request.callsAgain = true } else { request.nextCall = now }
                    return []
                }
            }
        case .stopped:
            isStopped = true
            return requests.keys.sorted().flatMap { id in
                update(id, now: now) { request in
                    switch request.phase {
                    case .waiting: Self.leave(&request, refusal: .stopped, id: id, now: now)
                    case .held:
                        { () -> [Effect] in
                            request.phase = .lost
                            return [.lose(id)]
                        }()
                    case .lost, .leaving, .over: []
                    }
                }
            }
        case .asked(let id, let result, let sentAt): return update(id, now: now) { Self.asked(&$0, id, result, sentAt: sentAt, now: now) }
        case .renewed(let id, let result, let sentAt):
            return update(id, now: now) { Self.renewed(&$0, id, result, sentAt: sentAt, now: now) }
        case .released(let id, let result): return released(id, result, now: now)
        case .granted(let id, let token):
            return update(id, now: now) { request in
                guard request.phase == .waiting, token > request.staleToken, request.anchor != nil else { return [] }
                return Self.hold(&request, id, token: token)
            }
        case .cancelled(let id):
            return update(id, now: now) { request in
                request.phase == .waiting ? Self.leave(&request, refusal: .cancelled, id: id, now: now) : []
            }
        case .givenBack(let id):
            return update(id, now: now) { request in
                guard request.phase == .held || request.phase == .lost else { return [.ended(id, .notHeld)] }
                request.phase = .leaving
                request.nextCall = now
                return []
            }
        }
    }

    /// Does what is due.
    package mutating func due(now: Instant) -> [Effect] {
        guard nextStep <= now else { return [] }
        let due = requests.filter { $0.value.due <= now }.keys.sorted()
        nextStep = requests.values.reduce(.distantFuture) { $1.due <= now ? $0 : min($0, $1.due) }
        return due.flatMap { step($0, now: now) }
    }

    /// Changes a request, then does what that makes due.
    private mutating func update(_ id: UInt64, now: Instant, _ change: (inout PermitRequest) -> [Effect]) -> [Effect] {
        guard requests[id] != nil else { return [] }
        let effects = change(&requests[id]!)
        highestToken = max(highestToken, requests[id]!.token)
        return effects + step(id, now: now)
    }

    private mutating func step(_ id: UInt64, now: Instant) -> [Effect] {
        guard var request = requests[id] else { return [] }
        var effects: [Effect] = []
        if request.phase == .waiting, request.deadline <= now, request.anchor != nil {
            effects += Self.leave(&request, refusal: .deadline(redisFailed: request.failures > 0 || request.ticket == 0), id: id, now: now)
        }
        if request.phase == .held, request.holdEnd <= now {
            request.phase = .lost
            effects.append(.lose(id))
        }
        if !request.isCalling, request.nextCall <= now, request.phase != .lost, request.phase != .over {
            effects += Self.call(&request, id, now: now)
        }
        requests[id] = request.phase == .over ? nil : request
        if request.phase != .over { nextStep = min(nextStep, request.due) }
        return effects
    }

    /// A release was answered.
    private mutating func released(_ id: UInt64, _ result: Result<Bool, Failure>, now: Instant) -> [Effect] {
        guard var request = requests[id] else { return [] }
        request.isCalling = false
        switch result {
        case .success(let held):
            requests[id] = nil
            return [.ended(id, held ? .done : request.isReleaseUncertain ? .uncertain : .notHeld)]
        case .failure:
            request.isReleaseUncertain = true
            request.nextCall = now.advanced(byMicroseconds: Self.pause)
            // Its lease ends by itself: no longer worth a call.
            let lapses = (request.anchor ?? now).advanced(byMicroseconds: request.resource.lease)
            requests[id] = isStopped || lapses <= now ? nil : request
            nextStep = min(nextStep, request.due)
            return [.ended(id, .uncertain)]
        }
    }
}

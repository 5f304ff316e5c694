package import SluiceLoop

/// What a strict mirror decides about an arrival, and what it knows of the truth. Two things that are the same only by default: whether
/// the mirror *refuses* is up to its algorithm, its bans and the strangers who use its quota; whether the limit was *violated* is up to
/// the true sliding window over the requests that really came, and nothing else. Pure: the time comes in with each arrival.
///
/// With a `block`, a refusal bans the offender: until it is over, arrivals are refused as banned. The offender is whoever uses the
/// mirror, all clients together: a pool shares its limit, however many hosts it runs on. An arrival during a ban is counted and can
/// violate like any other, but neither prolongs the ban nor starts another.
package struct MirrorJudge: Sendable {
    /// What becomes of an arrival.
    package enum Verdict: Hashable, Sendable {
        /// It is served.
        case accepted
        /// One too many, by the mirror's algorithm; from `until` on one more would be accepted if no other came before.
        case refused(limit: MirrorLimit, until: Instant)
        /// Refused because of an earlier refusal, until the given instant.
        case banned(until: Instant)
    }

    /// The truth about the requests that came.
    package private(set) var truth: SlidingWindowJudge
    /// Arrivals that the algorithm refused, in a ban or not.
    package private(set) var refused = 0
    /// Bans that were started.
    package private(set) var bans = 0
    /// Arrivals that came during a ban.
    package private(set) var refusedWhileBanned = 0
    /// Requests of strangers that came.
    package private(set) var foreign = 0

    private let block: Duration?
    private var meters: [any QuotaMeter]
    private var strangers: Strangers?
    private var bannedUntil: Instant?
    private var last: Instant

    package init(_ options: StrictMirrorOptions, from start: Instant) {
        block = options.block
        truth = SlidingWindowJudge(limits: options.limits)
        meters = options.algorithm.meters(for: options.limits, from: start)
        strangers = options.strangers.map { Strangers($0, from: start, seed: options.seed) }
        last = start
    }

    /// Counts an arrival and judges it. An instant before the last arrival's is taken for the last arrival's.
    package mutating func arrive(at instant: Instant) -> Verdict {
        letStrangersCome(by: instant)
        let now = max(instant, last)
        last = now
        _ = truth.arrive(at: now)
        let refusal = measure(at: now)
        if refusal != nil { refused += 1 }
        if let end = bannedUntil, now < end {
            refusedWhileBanned += 1
            return .banned(until: end)
        }
        bannedUntil = nil
        guard let refusal else { return .accepted }
        guard let block, block > .zero else { return .refused(limit: refusal.limit, until: refusal.until) }
        bans += 1
        let end = now.advanced(by: block)
        bannedUntil = end
        return .refused(limit: refusal.limit, until: max(end, refusal.until))
    }

    /// Strangers count like anybody, and are refused like anybody; their refusals ban nobody else.
    mutating func letStrangersCome(by instant: Instant) {
        while let arrival = strangers?.arrival(by: instant) {
            last = max(last, arrival)
            foreign += 1
            _ = measure(at: last)
        }
    }

    /// Has every meter count an arrival. Returns the first limit that refuses it, and until when they all do.
    private mutating func measure(at now: Instant) -> QuotaRefusal? {
        var first: QuotaRefusal?
        for index in meters.indices {
            guard let refusal = meters[index].arrive(at: now) else { continue }
            first = QuotaRefusal(limit: first?.limit ?? refusal.limit, until: max(first?.until ?? refusal.until, refusal.until))
        }
        return first
    }
}

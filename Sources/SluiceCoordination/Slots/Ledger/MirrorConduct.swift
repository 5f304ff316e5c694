/// How a mirror behaves, and what it is given therefore, for the whole pool; a pure value, the same in `conduct.lua` and `verdict.lua`.
///
/// **Circuit.** A request that failed (cut off, timed out, 5xx) counts 3, one that was answered takes 2 away: three failures in a
/// row, or for long more than two in five, open the circuit. A request that could not leave (no name, no connection, no trust) says as
/// much of the host that it did not leave as of the mirror, and many such fail in no time. From a node that was answered before it counts like
/// any failure, three times; from any other it makes the mirror a suspect, and counts only once nobody has completed a request there for two
/// seconds, or for a window. So one host that is cut off takes the mirror from nobody else.
/// The mirror is then left alone for half a second, and for twice as
/// long after each probe that fails, up to 30 s. One slot at a time is given as a probe; the first that is answered closes the
/// circuit. A probe whose node dies has failed when its grant expires; one that comes back unused, or that somebody keeps for
/// longer than usual (a body with a client of its own), leaves its turn to the next slot.
///
/// **Refusals** (429 and the like) come within the limits when the upstream counts otherwise than we do, or when others share its
/// quota. The mirror is left alone for as long as it asked for, or for an eighth of the window (1 s to 60 s), doubled as long as
/// probes are refused; comes back with a probe; and goes on *paced*, its first limit held to seven eighths, or to what went well in
/// the last window if that is less, but no refusal takes more than half. It recovers by 1/32 of the limit for each clean window, up to
/// the level that was refused (the wall). That is tried again only after 4 clean windows, and after twice as many each time that it is
/// refused there, up to 64. Beyond it recovery doubles its steps: the wall is gone. After 256 clean windows at the full limit the
/// pace is forgotten. No header raises a limit. (TCP's congestion control is the model: Jacobson 1988, with the wall and what is
/// beyond it of BIC, Xu and others 2004.)
///
/// Why paced: whatever an upstream counts by, requests that come evenly are what it refuses last.
///
/// Requests that are refused together were granted together: a refusal of a grant from before the last one that counted means
/// nothing but the pause that it asks for, and what else is told of such a grant means nothing at all. A probe that is refused says
/// that it is too early, not that the level is too high.
package struct MirrorConduct: Hashable, Sendable {
    /// Weighs failures against answers while the circuit is closed.
    private var score: Int64 = 0
    /// How often in a row the circuit opened; 0: it is closed.
    private var openings: Int64 = 0
    /// 0: slots go out freely; otherwise the number of the grant that is the probe, or `awaited`.
    private(set) var probe: Int64 = 0
    /// Grants with lower numbers are from before the circuit last opened or the mirror last refused.
    private var judged: Int64 = 0
    /// Refusals in a row.
    private var refusals: Int64 = 0
    /// What the first limit is held to; 0: nothing was refused lately.
    private(set) var held: Int64 = 0
    /// The level that was last refused, and the clean windows to wait before it is tried again.
    private var wall: Int64 = 0
    private var patience: Int64 = 0
    /// Ledger time from which windows count as clean, once no probe is awaited.
    private var cleanFrom: Int64 = 0
    /// Ledger time of the next start by the pace.
    private var paceAt: Int64 = 0
    /// Of the run of requests that could not leave while nobody completed one: how many had been completed when it began, and since when it
    /// lasts; 0: there was none.
    private var reached: Int64 = 0
    private var cutOffSince: Int64 = 0

    package init() {}

    private static let awaited: Int64 = -1
    private static let opensAt: Int64 = 9
    private static let failure: Int64 = 3
    private static let answer: Int64 = 2
    /// How long such a run lasts until it counts: longer than a completion takes to be reported.
    private static let cutOff: Int64 = 2_000_000
    private static let firstOpening: Int64 = 500_000
    private static let longestOpening: Int64 = 30_000_000
    private static let firstRefusal: Int64 = 1_000_000
    private static let longestRefusal: Int64 = 60_000_000
    private static let firstPatience: Int64 = 4
    private static let mostPatience: Int64 = 64
    private static let forgottenAfter: Int64 = 256
    /// How late a paced start may be without the next being late as well, in µs: what waking up takes.
    private static let slack: Int64 = 20_000

    /// Whether its last requests failed rather than not: others are given first, before the circuit opens too.
    package var isSuspect: Bool { score > 0 }

    /// Whether the mirror gets one slot at a time until one is answered.
    package var isOnProbation: Bool { probe != 0 }

    /// What it stands accused of.
    package var standing: MirrorStanding { openings > 0 ? .failing : probe != 0 ? .refusing : .good }

    // MARK: Circuit

    /// What a report says of slots of one grant.
    struct Tally {
        /// Requests that the mirror answered.
        var answered: Int64
        /// Requests without an answer that would do, sent or not.
        var failed: Int64
        /// Requests that could not leave, from a node that may be cut off itself.
        var unreached: Int64
        /// How many requests anybody had completed at the mirror by then.
        var settled: Int64
        /// Whether any of them still counts within the first limit; true where there is none.
        var isInUse: Bool
    }

    /// A report on slots of one grant.
    /// - Parameter next: the number of the next grant.
    /// - Returns: for how many µs to leave the mirror alone; nil: not at all.
    mutating func judge(_ tally: Tally, grant: Int64, next: Int64, at now: Int64) -> Int64? {
        let isGood = tally.failed == 0 && tally.unreached == 0
        guard tally.answered > 0 || !isGood, grant >= judged else { return nil }
        if probe == grant {
            guard isGood else { return probeFailed() }
            (probe, score, openings, refusals) = (0, 0, 0, 0)
            if held > 0 { cleanFrom = now }
            return nil
        }
        guard probe == 0 else { return nil }
        score = max(0, score + Self.failure * tally.failed - Self.answer * tally.answered)
        if tally.unreached > 0 {
            if cutOffSince == 0 || tally.settled != reached { (reached, cutOffSince) = (tally.settled, now) }
            let isReached = tally.isInUse && now - cutOffSince < Self.cutOff
            score = isReached ? max(score, Self.failure) : score + Self.failure * tally.unreached
        }
        guard score >= Self.opensAt else { return nil }
        (score, openings, probe, judged) = (0, 1, Self.awaited, next)
        return Self.firstOpening
    }

    /// Somebody keeps a slot of a grant for long. What he does with it may say nothing of the mirror, and may take hours.
    mutating func extended(grant: Int64) {
        if probe == grant { probe = Self.awaited }
    }

    /// A grant's time is over, and nothing was heard of it.
    /// - Returns: for how many µs to leave the mirror alone; nil: not at all.
    mutating func expired(grant: Int64) -> Int64? { probe == grant ? probeFailed() : nil }

    private mutating func probeFailed() -> Int64 {
        probe = Self.awaited
        openings += 1
        return Self.backOff(Self.firstOpening, upTo: Self.longestOpening, times: openings)
    }

    // MARK: Refusals

    /// The mirror refused a request of a grant for want of quota.
    /// - Parameters:
    ///   - asked: the pause that it asked for, in µs.
    ///   - used: slots in use under the first limit, the refused one among them.
    ///   - limit: the first limit; nil where there is none.
    ///   - next: the number of the next grant.
    /// - Returns: for how many µs to leave the mirror alone.
    mutating func refuse(grant: Int64, asked: Int64?, used: Int64, limit: RateLimit?, next: Int64, at now: Int64) -> Int64 {
        guard grant >= judged else { return asked ?? 0 }
        let isProbe = probe == grant
        // A mirror that refuses answers.
        (score, openings, probe, judged) = (0, 0, Self.awaited, next)
        refusals += 1
        var pause = asked ?? 0
        if asked == nil || refusals > 1 {
            let first = min(Self.longestRefusal, max(Self.firstRefusal, (limit?.window ?? 0) / 8))
            pause = max(pause, Self.backOff(first, upTo: Self.longestRefusal, times: refusals))
        }
        if let limit {
            if !isProbe || held == 0 {
                let before = heldTo(limit)
                let again = held > 0 && abs(before - wall) <= Self.step(limit)
                patience = again ? min(Self.mostPatience, patience * 2) : Self.firstPatience
                wall = before
                held = max(1, before / 2, min(before * 7 / 8, used - 1))
            }
        }
        return pause
    }

    /// Raises what a refusal had lowered, as far as time allows.
    mutating func recover(_ limit: RateLimit?, at now: Int64) {
        guard held > 0, probe == 0, let limit else { return }
        while held < limit.count {
            let next = held + max(Self.step(limit), held - wall)
            let meetsWall = held < wall && next >= wall
            let span = limit.guardedWindow * (meetsWall ? patience : 1)
            guard now - cleanFrom >= span else { return }
            cleanFrom += span
            held = min(limit.count, meetsWall ? wall : next)
        }
        if now - cleanFrom >= Self.forgottenAfter * limit.guardedWindow { (held, wall, patience, cleanFrom, paceAt) = (0, 0, 0, 0, 0) }
    }

    /// What the mirror's first limit is held to.
    func heldTo(_ limit: RateLimit) -> Int64 { held > 0 ? min(held, limit.count) : limit.count }

    private static func step(_ limit: RateLimit) -> Int64 { max(1, limit.count / 32) }

    // MARK: Pace

    /// How many may start now by the pace.
    func paced(_ limit: RateLimit?, at now: Int64) -> Int64 {
        guard held > 0, let limit else { return .max }
        return now < paceAt ? 0 : 1 + min(now - paceAt, Self.slack) / interval(limit)
    }

    /// When the pace allows the next start.
    func nextStart(_ limit: RateLimit?) -> Int64 { held > 0 && limit != nil ? paceAt : 0 }

    /// Slots of one grant were given.
    mutating func took(grant: Int64, count: Int64, limit: RateLimit?, at now: Int64) {
        if probe != 0 { probe = grant }
        if held > 0, let limit { paceAt = max(paceAt, now - Self.slack) + count * interval(limit) }
    }

    private func interval(_ limit: RateLimit) -> Int64 {
        let count = heldTo(limit)
        return (limit.guardedWindow + count - 1) / count
    }

    private static func backOff(_ first: Int64, upTo longest: Int64, times: Int64) -> Int64 {
        min(first << min(times - 1, 16), longest)
    }
}

// MARK: Memory

extension MirrorConduct {
    /// As it is kept in the ledger's hash.
    package var numbers: [Int64] {
        [score, openings, probe, judged, refusals, held, wall, patience, cleanFrom, paceAt, reached, cutOffSince]
    }

    /// From what was kept; what is missing is 0, and what cannot be is made what can.
    package init(numbers: [Int64]) {
        func number(_ place: Int, in bounds: ClosedRange<Int64>) -> Int64 {
            numbers.indices.contains(place) ? min(max(numbers[place], bounds.lowerBound), bounds.upperBound) : 0
        }
        let times = -TextFields.largest...TextFields.largest
        let levels = 0...RateLimit.countBounds.upperBound
        (score, openings, refusals) = (number(0, in: levels), number(1, in: levels), number(4, in: levels))
        (probe, judged) = (number(2, in: Self.awaited...TextFields.largest), number(3, in: times))
        (held, wall, patience) = (number(5, in: levels), number(6, in: levels), number(7, in: 0...Self.mostPatience))
        (cleanFrom, paceAt) = (number(8, in: times), number(9, in: times))
        (reached, cutOffSince) = (number(10, in: 0...TextFields.largest), number(11, in: times))
    }

    /// The same in another reckoning of time.
    func shifted(by span: Int64) -> MirrorConduct {
        var moved = self
        if held > 0 { (moved.cleanFrom, moved.paceAt) = (cleanFrom + span, paceAt + span) }
        if cutOffSince != 0 { moved.cutOffSince += span }
        return moved
    }

    /// Of two memories of one mirror, the one that asks for more care.
    func stricter(_ other: MirrorConduct) -> MirrorConduct {
        func care(_ conduct: MirrorConduct) -> [Int64] {
            [conduct.held > 0 ? -conduct.held : .min, conduct.openings, conduct.probe == 0 ? 0 : 1, conduct.score]
        }
        return care(self).lexicographicallyPrecedes(care(other)) ? other : self
    }
}

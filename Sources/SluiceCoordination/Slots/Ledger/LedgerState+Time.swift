/// How a call finds out which life of the data it meets, and what time it is there.
extension LedgerState {
    /// Ledger time as one call sees it.
    struct Reading {
        /// When the call was carried out: surely not ahead. Slots are released by this one.
        var now: Int64
        /// When the call was sent: surely not behind. Slots are recorded by this one.
        var latest: Int64
        /// What the clock shows, as the call leaves it.
        var clock: Int64
        /// What to add to the host's clock from now on.
        var adjustment: Int64
        /// Whether the caller cannot tell if the clock was set forward, and somebody else may.
        var isInDoubt = false
        /// Whether the clock was found right by somebody who can tell, or put right.
        var isConfirmed = true

        /// From when on what is still to come is counted: whoever is in doubt takes the clock for right here, since it may ask too soon,
        /// and must not ask too late.
        var present: Int64 { isInDoubt ? latest : now }
    }

    /// Begins a call that changes the ledger: finds or begins its data, notices a loss, tells the time, and
    /// takes in what time has brought. From here on the call goes by what members have agreed on.
    /// - Returns: the time, and what is to be announced.
    mutating func begin(_ call: inout LedgerCall, at raw: Int64) -> (time: Reading, messages: [LedgerMessage]) {
        let existed = meta != nil
        if !existed {
            mirrors = [:]
            meta = Meta(incarnation: call.candidate, birth: 0, last: 0, nextNumber: 0)
        }
        let reading = time(call, at: raw, justBorn: !existed, isKept: true)
        let now = reading.now
        if existed, meta!.adjustment != reading.adjustment {
            meta!.frame += 1
            // It may have been begun by a clock that was ahead.
            if let begun = muster {
                muster!.start = min(begun.start, reading.latest)
                muster!.until = min(begun.until, reading.present + call.muster)
            }
        }
        meta!.adjustment = reading.adjustment
        meta!.last = now
        if reading.isConfirmed {
            meta!.confirmed = reading.clock
        } else if let known = call.knowledge, let found = known.found, known.doubt == nil, known.incarnation == meta!.incarnation,
            known.frame == meta!.frame
        {
            meta!.confirmed = max(meta!.confirmed, found)
        }
        if !existed {
            meta!.birth = now
            meta!.nextNumber = now / 16 + 1
        }
        let begins = noticeLoss(call, at: reading, justBorn: !existed)
        // What a muster itself writes does not make the data any newer.
        if muster == nil { meta!.version += 1 }
        let differ = takeIn(&call, at: reading)
        var messages: [LedgerMessage] = begins ? [.muster(incarnation: meta!.incarnation, number: meta!.musters)] : []
        let isQuiet = reading.latest - now > Self.slowCall && abs(reading.latest - meta!.asked) >= Self.asking
        let asksForTheTime = reading.isInDoubt && isQuiet
        if asksForTheTime { meta!.asked = reading.latest }
        if differ || asksForTheTime { messages.append(.configurations(incarnation: meta!.incarnation)) }
        return (reading, messages)
    }

    /// Begins a call that only looks: the same view, of which nothing is kept.
    /// - Parameter isForShow: nothing depends on the time: the clock is believed.
    mutating func look(_ call: inout LedgerCall, at raw: Int64, isForShow: Bool = false) -> Reading {
        let reading = time(call, at: raw, justBorn: false, isKept: false, trusts: isForShow)
        if meta != nil { _ = takeIn(&call, at: reading, isKept: false) }
        return reading
    }

    /// The caller has called before, and yet nobody has announced this mirror: the data was lost since, and nobody who spoke in the muster
    /// knew of it. So it is taken to be used up.
    private mutating func withhold(_ rules: MirrorRules, _ terms: LedgerTerms, at time: Reading) {
        guard let count = rules.limits.map(\.count).max() ?? rules.concurrency else { return }
        let expiry = time.latest + terms.life(hold: terms.hold)
        mirrors[rules.name, default: MirrorLedger()].open.append(
            OpenGrants.Record(number: meta!.nextNumber, tag: Restoration.sealTag, count: count, expiry: expiry))
        meta!.nextNumber += 1
        meta!.sealedUntil = max(meta!.sealedUntil, expiry + rules.longestMemory)
    }

    /// Takes in what the caller is configured with, and what time has brought.
    /// - Returns: whether others may want to know of the configuration.
    mutating func takeIn(_ call: inout LedgerCall, at time: Reading, isKept: Bool = true) -> Bool {
        var isNews = false
        let agreed = call.terms.mirrors.map { own in
            let isNew = mirrors[own.name]?.announced.entries.isEmpty ?? true
            if isNew, isKept, muster == nil, call.muster > 0, call.knowledge?.upper != nil { withhold(own, call.terms, at: time) }
            let (rules, differs) = mirrors[own.name, default: MirrorLedger()].agree(
                on: own, now: time.now, latest: time.latest, isSure: !time.isInDoubt)
            isNews = isNews || differs
            return rules
        }
        call.terms = call.terms.keeping(agreed)
        for rules in agreed {
            if !time.isInDoubt { mirrors[rules.name]?.boundPause(at: time.latest) }
            mirrors[rules.name]?.purge(at: time.now, present: time.present, rules: rules)
        }
        return isNews
    }

    /// Reads ledger time off the host's clock, the adjustment, and the caller's bounds.
    ///
    /// The bounds hold for the moment of sending; the call arrived some time after it.
    /// - A clock behind the lower bound was set back: it is put to that bound.
    /// - A little ahead of the upper bound, it is as a rule the call that was slow: only its own releases are held back.
    /// - Far ahead it was set forward: it is put to the lower bound. The upper one may be ahead of the truth by the
    ///   travel of a call, which a short window cannot bear. So it is when the caller has proof (see `LedgerClock`), by however
    ///   little; a call that keeps nothing goes without, or its reply would seem to say that all is well.
    ///
    /// So a correction loses time and never gains any, and slots recorded before it are released late at worst. But the
    /// bounds that others kept from before it are ahead of the corrected clock: were they to move it forward, slots
    /// recorded in between would be released early. Hence a correction begins a new frame. A lower bound counts in its
    /// own frame only. An upper one holds in all later ones as well, which are behind it; a step that it shows puts the
    /// clock to the last call's time, the latest that is surely not ahead. A very slow call looks like a step forward and costs as much time as nobody else called in.
    ///
    /// Nor does a caller of an earlier frame, whose lower bound does not count, see a clock that has been set back since; another one would
    /// move it forward again. So what it reports is recorded by its upper bound.
    ///
    /// A caller that has only heard messages cannot see a step forward, nor can one that has just come. While others are there who may:
    /// - Its own releases are held back to its lower bound, or to the last call's time. In a busy pool that is a moment ago.
    /// - Its reply says so. What the caller makes of the clock bounds nothing until somebody who knows has found a later one right. But if
    ///   the clock is set meanwhile the caller sees it, and puts it to where it would be, right or not.
    /// - Where the last call is some time ago, members are asked to announce themselves, which says whether the clock is right.
    /// - If nobody does for as long as a muster lasts, nobody knows: the clock is believed. Where it is put right meanwhile the time begins
    ///   anew, but for three musters in all: in some networks that goes on for ever.
    ///
    /// A step too small to leave the bounds goes unseen: they are as wide as a round trip and the drift since the last.
    /// At the start of a life any bounds count, and let ledger time go on as if nothing had happened. So an upper bound of another life is
    /// one of this as well, as far as that life went on in it; where it did not, it is wrong, and costs no more than a slow call.
    private func time(_ call: LedgerCall, at raw: Int64, justBorn: Bool, isKept: Bool, trusts: Bool = false) -> Reading {
        guard let meta else { return Reading(now: raw, latest: raw, clock: raw, adjustment: 0) }
        let clock = raw + meta.adjustment
        var now = clock
        var adjusted = clock
        let isInDoubt = !trusts && isInDoubt(call, justBorn: justBorn)
        var isConfirmed = !isInDoubt
        if call.knowledge == nil, isInDoubt { now = meta.last }
        if var known = call.knowledge {
            // Somebody has vouched for it: so it was right when it was met.
            if !isInDoubt, let doubt = known.doubt, isVouched(known, doubt) { known.lower = max(known.lower, doubt.least) }
            let sameLife = justBorn || known.incarnation == meta.incarnation
            let sameFrame = justBorn || sameLife && known.frame == meta.frame
            if let upper = known.upper { isConfirmed = isConfirmed && sameFrame && clock <= upper + LedgerClock.leastProof }
            if sameFrame, clock < known.lower {
                now = known.lower
                adjusted = now
            } else if isInDoubt {
                now = sameFrame ? known.lower : meta.last
                // Whether the clock was right it cannot tell; but that it was set since it can.
                if isKept, sameFrame, known.isClockAhead, let doubt = known.doubt, let upper = known.upper, clock > upper {
                    adjusted = doubt.least
                }
            } else if sameLife, known.upper == nil, !justBorn {
                now = sameFrame ? known.lower : meta.last
            } else if let upper = known.upper, clock > upper {
                now = upper
                if clock - upper > Self.slowCall || isKept && sameFrame && known.isClockAhead {
                    now = sameFrame ? max(known.lower, known.doubt?.least ?? known.lower) : meta.last
                    adjusted = now
                }
            }
        }
        now = max(now, meta.last)
        adjusted = max(adjusted, now)
        var latest = adjusted
        if let known = call.knowledge, !justBorn, known.incarnation == meta.incarnation, known.frame != meta.frame, known.doubt == nil,
            let upper = known.upper
        {
            latest = max(latest, upper)
        }
        return Reading(
            now: now, latest: latest, clock: adjusted, adjustment: adjusted - raw, isInDoubt: isInDoubt,
            isConfirmed: isConfirmed || !isInDoubt && adjusted != clock)
    }

    private func isInDoubt(_ call: LedgerCall, justBorn: Bool) -> Bool {
        guard meta != nil, !justBorn, let node = call.node, call.muster > 0 else { return false }
        if let known = call.knowledge, known.upper != nil {
            guard let doubt = known.doubt else { return false }
            if doubt.lasted >= Self.longestDoubt * call.muster || isAboutThis(known) && doubt.waited >= call.muster { return false }
            if isVouched(known, doubt) { return false }
        }
        return listeners.contains { $0 != node }
    }

    /// Whether a later clock than the doubtful one was found right.
    private func isVouched(_ known: LedgerKnowledge, _ doubt: LedgerKnowledge.Doubt) -> Bool {
        isAboutThis(known) && meta!.confirmed >= doubt.reading
    }

    private func isAboutThis(_ known: LedgerKnowledge) -> Bool {
        known.incarnation == meta?.incarnation && known.frame == meta?.frame
    }

    /// So many musters are the longest doubt.
    private static var longestDoubt: Int64 { 3 }

    /// How far ahead of its upper bound a clock may be until the clock, not the call, is blamed. Time daemons step by
    /// more than 128 ms only, and slew what is less.
    static var slowCall: Int64 { 50_000 }
}

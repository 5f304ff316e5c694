/// How a call finds out which life of the data it meets, and what time it is there.
extension LedgerState {
    /// Ledger time as one call sees it; see `LedgerStamp`.
    struct Reading {
        var now: Int64
        var latest: Int64
        /// What to add to the host's clock from now on.
        var adjustment: Int64
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
        if existed, meta!.adjustment != reading.adjustment { meta!.frame += 1 }
        meta!.adjustment = reading.adjustment
        meta!.last = now
        if !existed {
            meta!.birth = now
            meta!.nextNumber = now / 16 + 1
        }
        let begins = noticeLoss(call, at: reading, justBorn: !existed)
        // What a muster itself writes does not make the data any newer.
        if muster == nil { meta!.version += 1 }
        let differ = agree(&call, at: reading)
        for rules in call.terms.mirrors { mirrors[rules.name]?.purge(at: now, rules: rules) }
        var messages: [LedgerMessage] = begins ? [.muster(incarnation: meta!.incarnation, number: meta!.musters)] : []
        if differ { messages.append(.configurations(incarnation: meta!.incarnation)) }
        return (reading, messages)
    }

    /// Begins a call that only looks: the same view, of which nothing is kept.
    mutating func look(_ call: inout LedgerCall, at raw: Int64) -> Reading {
        let reading = time(call, at: raw, justBorn: false, isKept: false)
        if meta != nil { _ = agree(&call, at: reading) }
        for rules in call.terms.mirrors { mirrors[rules.name]?.purge(at: reading.now, rules: rules) }
        return reading
    }

    /// Takes in what the caller is configured with.
    /// - Returns: whether others may want to know.
    mutating func agree(_ call: inout LedgerCall, at time: Reading) -> Bool {
        var isNews = false
        let agreed = call.terms.mirrors.map { own in
            let (rules, differs) = mirrors[own.name, default: MirrorLedger()].agree(on: own, now: time.now, latest: time.latest)
            isNews = isNews || differs
            return rules
        }
        call.terms = call.terms.keeping(agreed)
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
    /// A caller that has only heard messages cannot see a step forward: its releases are held back to its lower bound, which
    /// lags by no more than a message's way.
    ///
    /// A step too small to leave the bounds goes unseen: they are as wide as a round trip and the drift since the last.
    /// At the start of a life any bounds count, and let ledger time go on as if nothing had happened. So an upper bound of another life is
    /// one of this as well, as far as that life went on in it; where it did not, it is wrong, and costs no more than a slow call.
    private func time(_ call: LedgerCall, at raw: Int64, justBorn: Bool, isKept: Bool) -> Reading {
        guard let meta else { return Reading(now: raw, latest: raw, adjustment: 0) }
        let clock = raw + meta.adjustment
        var now = clock
        var adjusted = clock
        if let known = call.knowledge {
            let isAboutThis = justBorn || known.incarnation == meta.incarnation
            let sameFrame = justBorn || isAboutThis && known.frame == meta.frame
            if sameFrame, clock < known.lower {
                now = known.lower
                adjusted = now
            } else if isAboutThis, known.upper == nil, !justBorn {
                now = sameFrame ? known.lower : meta.last
            } else if let upper = known.upper, clock > upper {
                now = upper
                if clock - upper > Self.slowCall || isKept && sameFrame && known.isClockAhead {
                    now = sameFrame ? known.lower : meta.last
                    adjusted = now
                }
            }
        }
        now = max(now, meta.last)
        adjusted = max(adjusted, now)
        var latest = adjusted
        if let known = call.knowledge, !justBorn, known.incarnation == meta.incarnation, known.frame != meta.frame, let upper = known.upper
        {
            latest = max(latest, upper)
        }
        return Reading(now: now, latest: latest, adjustment: adjusted - raw)
    }

    /// How far ahead of its upper bound a clock may be until the clock, not the call, is blamed. Time daemons step by
    /// more than 128 ms only, and slew what is less.
    static var slowCall: Int64 { 50_000 }
}

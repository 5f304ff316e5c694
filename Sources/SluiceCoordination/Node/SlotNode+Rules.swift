import SluiceLoop

/// How the node makes known what it is configured with, and learns what counts.
///
/// Every call that changes the ledger carries the caller's configuration. A node that only follows makes none, so it announces itself,
/// before it asks a leader for anything and every ten seconds.
extension SlotNode {
    /// Whether a leader that grants us slots goes by our limits too.
    func isBinding(now: Instant) -> Bool { !isShared || now < rules.bindsUntil }

    mutating func stepRules(now: Instant) {
        guard isShared, !isStopped, !rules.isAsking, rules.nextAt <= now else { return }
        rules.isAsking = true
        // What changes from here on may not be in the answer: it is asked for again.
        rules.nextAt = .distantFuture
        effects.append(.announce)
    }

    /// When `stepRules` has something to do next.
    var nextRulesStep: Instant? { isShared && !isStopped && !rules.isAsking ? rules.nextAt : nil }

    /// Another life of the ledger's data may know nothing of us.
    mutating func metOtherData(now: Instant) {
        rules.bindsUntil = Instant(microseconds: .min)
        rules.nextAt = min(rules.nextAt, now)
    }

    /// Others are configured in another way than before, or one who has just come wants to know what time it is. The leader is quick.
    mutating func configurationsChanged(now: Instant) {
        let spread = board == nil ? Int64.random(in: 0...RulesState.spread, using: &random) : 0
        let soon = now.advanced(byMicroseconds: spread)
        rules.nextAt = min(rules.nextAt, soon)
    }

    mutating func announced(_ result: Result<AnnounceReply, Failure>, sentAt: Instant, now: Instant) {
        rules.isAsking = false
        let askedFor = rules.nextAt
        switch result {
        case .success(let reply):
            isLedgerFailing = false
            heard(reply.stamp, now: now)
            rules.isAdmitted = true
            rules.foreignVersion = nil
            rules.bindsUntil = sentAt.advanced(byMicroseconds: Announcements.life - RulesState.margin)
            let interval = RulesState.interval
            rules.nextAt = min(
                askedFor, now.advanced(byMicroseconds: Int64.random(in: interval * 3 / 4...interval, using: &random)))
            learn(reply.mirrors)
        case .failure:
            isLedgerFailing = true
            let wait = rules.foreignVersion == nil ? RulesState.patience : RulesState.interval
            rules.nextAt = now.advanced(byMicroseconds: wait)
        }
    }

    private mutating func learn(_ announced: [Announcements]) {
        guard announced.count == terms.mirrors.count else { return }
        for (place, own) in terms.mirrors.enumerated() {
            let before = rules.announced.isEmpty ? [own] : rules.announced[place].entries.map(\.rules)
            let now = announced[place].entries.map(\.rules)
            rules.agreed[place] = announced[place].strictest ?? own
            guard Set(before) != Set(now), before.count > 1 || now.count > 1 else { continue }
            effects.append(.say(Self.sentence(own, others: now.filter { $0 != own }, agreed: rules.agreed[place])))
        }
        rules.announced = announced
        figures.rules = zip(terms.mirrors, announced).map { own, announced in
            CoordinatorFigures.Rules(
                own: own, agreed: announced.strictest ?? own, others: announced.entries.map(\.rules).filter { $0 != own })
        }
    }

    private static func sentence(_ own: MirrorRules, others: [MirrorRules], agreed: MirrorRules) -> String {
        guard !others.isEmpty else {
            return "mirror \(own.name): all processes of the pool are configured alike again, with \(own.words)"
        }
        let words = others.map(\.words).joined(separator: " and ")
        let outcome = agreed == own ? "which is the strictest and counts for all" : "and is held to the strictest, \(agreed.words)"
        return
            "mirror \(own.name): this process is configured with \(own.words), \(outcome); other processes of the pool have \(words). "
            + "Configure all of them alike"
    }

    // MARK: Versions

    /// The ledger was begun by nodes that speak another version: it refuses whatever we ask.
    mutating func refusedFor(version: Int64, now: Instant) {
        rules.isAdmitted = false
        rules.bindsUntil = Instant(microseconds: .min)
        if rules.foreignVersion != version {
            rules.foreignVersion = version
            effects.append(.say(Refusal.otherVersion(pool: version).error(underlying: nil).message))
        }
        for waiter in queue.removeEverybody() { effects.append(.refuse(waiter.id, .otherVersion(pool: version))) }
        // Whoever leads must be able to reserve.
        if case .leading(let epoch) = election?.role {
            effects.append(.resign(epoch: epoch))
            perform(election?.renewalRefused(now: now) ?? [], now: now)
        }
    }
}

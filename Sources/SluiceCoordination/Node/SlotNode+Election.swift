import SluiceLoop

/// How the node takes part in elections, and what it hears from whoever leads.
extension SlotNode {
    mutating func subscribed(now: Instant) {
        // What was said while the line was cut is lost: say it again, and look for grants.
        demand.believed = DemandMessage.nothing
        if queue.unmet > 0 || book.openGrants > 0 { pull(now: now) }
        // The server may be another, or without its data: look soon.
        muster.nextCopy = min(muster.nextCopy, now)
    }

    mutating func received(_ beat: BeatMessage, now: Instant) {
        switch beat {
        case .beat(let leader, let epoch, let waiting, let free, let next, let ledger, let crowd, let terms):
            guard leader != id.text else { return }
            let hasOthers = terms?.serves(rules.mark) == false
            // What it says of its mirrors says nothing of ours.
            if hasOthers, !rules.leaderHasOthers { outlook = nil }
            rules.leaderHasOthers = hasOthers
            self.crowd = hasOthers ? .nobody : crowd
            if let ledger {
                effects.append(.learn(ledger))
                // The leader has met another life of the data, which asks all members what they remember; that message may have been missed.
                if let known = lastStamp?.incarnation, known != ledger.incarnation { rules.nextAt = min(rules.nextAt, now) }
            }
            if !hasOthers, mode(now: now) != .leading {
                outlook = Outlook(terms: self.terms.keeping(rules.agreed), waiting: waiting, free: free, nextRelease: next, now: now)
            }
            perform(election?.heardBeat(leader: leader, epoch: epoch, now: now) ?? [], now: now)
            if case .following = election?.role { figures.role = rules.leaderHasOthers ? "direct" : "follower" }
        case .muster(let incarnation, let number): calledToMuster(incarnation: incarnation, number: number, now: now)
        case .configurations: configurationsChanged(now: now)
        case .resigned(let leader, let epoch):
            guard leader != id.text else { return }
            perform(election?.heardResignation(epoch: epoch, now: now) ?? [], now: now)
        }
    }

    mutating func stepElection(now: Instant) { perform(election?.timeCame(now: now) ?? [], now: now) }

    mutating func perform(_ decisions: [Election.Effect], now: Instant) {
        for decision in decisions {
            switch decision {
            // Who cannot use the pool's ledger does not lead it.
            case .campaign where rules.foreignVersion != nil: perform(election?.failed(now: now) ?? [], now: now)
            case .campaign: effects.append(.campaign(knownEpoch: election?.epoch ?? 0))
            case .renew(let epoch): renew(epoch: epoch, now: now)
            case .resign(let epoch): effects.append(.resign(epoch: epoch))
            case .roleChanged(let role): changed(to: role, now: now)
            }
        }
    }

    mutating func answered(_ result: Result<Campaign, Failure>, sentAt: Instant, now: Instant) {
        switch result {
        case .success(.won(let epoch)) where rules.foreignVersion != nil:
            effects.append(.resign(epoch: epoch))
            perform(election?.failed(now: now) ?? [], now: now)
        case .success(.won(let epoch)):
            direct.mayStart = true
            perform(election?.won(epoch: epoch, sentAt: sentAt, now: now) ?? [], now: now)
        case .success(.lost(let holder, let epoch, let remaining)):
            direct.mayStart = true
            perform(election?.lost(to: holder, epoch: epoch, remaining: remaining, now: now) ?? [], now: now)
        case .failure:
            isLedgerFailing = true
            perform(election?.failed(now: now) ?? [], now: now)
        }
    }

    mutating func answered(_ result: Result<Bool, Failure>, sentAt: Instant, now: Instant) {
        switch result {
        case .success(true): perform(election?.renewed(sentAt: sentAt, now: now) ?? [], now: now)
        case .success(false): perform(election?.renewalRefused(now: now) ?? [], now: now)
        case .failure:
            isLedgerFailing = true
            perform(election?.failed(now: now) ?? [], now: now)
        }
    }

    /// The ledger says that an epoch is not current any more.
    mutating func epochRefused(_ epoch: Int64, now: Instant) {
        guard election?.role == .leading(epoch: epoch) else { return }
        perform(election?.renewalRefused(now: now) ?? [], now: now)
    }

    private mutating func renew(epoch: Int64, now: Instant) {
        // Demands must be heard before anybody learns whom to send them to.
        if !isListeningAsLeader {
            isListeningAsLeader = true
            effects.append(.listenAsLeader(true))
        }
        // While reserves and reports say it all the time, nobody need ask what is free.
        if board?.waiting == 0, outlook?.isStale(now: now) ?? true {
            effects.append(.reserve(ReserveRequest(caller: id, epoch: epoch, demands: []), .touching(epoch: epoch)))
        }
        figures.poolWaiting = board?.waiting ?? 0
        let next = outlook.flatMap { outlook in outlook.nextRelease.map { max(0, $0 - now.microseconds(since: outlook.at)) } }
        let beat = BeatMessage.beat(
            leader: id.text, epoch: epoch, waiting: figures.poolWaiting, free: outlook?.free ?? 0, nextRelease: next,
            ledger: lastStamp, crowd: board?.crowd ?? .nobody, terms: rules.mark)
        effects.append(.renew(epoch: epoch, beat))
    }

    private mutating func changed(to role: Election.Role, now: Instant) {
        board = nil
        demand.believed = DemandMessage.nothing
        figures.epoch = election?.epoch ?? 0
        figures.leadsSince = nil
        direct.nextAt = now
        direct.mayStart = true
        switch role {
        case .leading(let epoch):
            figures.role = "leader"
            figures.leadsSince = now
            figures.elections += 1
            figures.leaderGranted = 0
            figures.leaderGrants = 0
            board = DemandBoard(caller: id, epoch: epoch, terms: rules.mark)
        case .following: figures.role = rules.leaderHasOthers ? "direct" : "follower"
        case .leaderless: figures.role = "direct"
        }
        if board == nil, isListeningAsLeader {
            isListeningAsLeader = false
            effects.append(.listenAsLeader(false))
        }
    }
}

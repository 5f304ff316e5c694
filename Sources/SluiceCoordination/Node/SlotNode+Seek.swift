import SluiceLoop

/// Where slots come from: as leader for everybody, from a leader, or from the ledger directly.
extension SlotNode {
    /// Which of the three ways holds at the moment.
    enum Mode: Hashable {
        case leading, following, direct, waiting
    }

    func mode(now: Instant) -> Mode {
        guard let election else { return .direct }
        switch election.role {
        case .leading: return election.leads(at: now) && board != nil ? .leading : .direct
        case .following: return rules.leaderHasOthers ? .direct : .following
        case .leaderless:
            if now < direct.yieldsUntil { return .following }
            return direct.mayStart || !options.campaigns ? .direct : .waiting
        }
    }

    /// Waiters that no slot in hand can serve, by tier; after all of them, what is wanted for those to come. See `DemandMessage`.
    private mutating func unmetByTier(now: Instant) -> [Int] {
        var covered = queue.inHand
        let unmet = queue.line.countsByTier.map { count in
            let served = min(count, covered)
            covered -= served
            return count - served
        }
        return unmet + [stock.wanted(spare: covered, free: outlook?.free, nodes: direct.liveNodes, tick: tick, now: now)]
    }

    /// How long a slot that nobody wants is kept, in microseconds.
    func keep(now: Instant) -> Int64 { holdsStock(now: now) ? SlotStock.keep : NodeQueue.keep }

    /// Whether slots are to be held ahead.
    func holdsStock(now: Instant) -> Bool {
        stock.isHeld(spare: max(0, queue.inHand - queue.line.count), free: outlook?.free, nodes: direct.liveNodes, now: now)
    }

    mutating func seekSlots(now: Instant) {
        figures.waiting = queue.line.count
        guard !isStopped, rules.foreignVersion == nil else { return }
        switch mode(now: now) {
        case .leading: lead(now: now)
        case .following: follow(now: now)
        // A dead leader's lease runs on, and its last word that others wait with it: who heard the silence knows better.
        case .direct: reserveDirectly(now: now, yields: election?.hasGoneSilent != true)
        case .waiting: break
        }
    }

    /// When `seekSlots` has something to do next.
    mutating func nextSeek(now: Instant) -> Instant? {
        guard !isStopped, rules.foreignVersion == nil else { return nil }
        let unmet = unmetByTier(now: now)
        let isWaiting = unmet.contains { $0 > 0 }
        var next: Instant?
        switch mode(now: now) {
        case .leading where demand.believed != unmet: next = now
        case .following where isBinding(now: now) && (isWaiting || demand.believed != unmet):
            let wantsMore = zip(unmet, demand.believed).contains { $0 > $1 }
            next = wantsMore ? now : demand.publishedAt.advanced(byMicroseconds: options.repetition)
        case .direct where isWaiting && !direct.isReserving: next = max(direct.nextAt, now)
        case .leading, .following, .direct, .waiting: break
        }
        return [next, stock.askAt].compactMap { $0 }.min()
    }

    // MARK: Leading

    private mutating func lead(now: Instant) {
        guard case .leading(let epoch) = election?.role else { return }
        let unmet = unmetByTier(now: now)
        if unmet != demand.believed {
            demand.believed = unmet
            let own = DemandMessage(node: id, epoch: epoch, sequence: DemandMessage.everySequence, stamp: now.microseconds, wanted: unmet)
            board?.heard(own, now: now)
        }
        guard let request = board?.reservation(now: now) else { return }
        effects.append(.reserve(request, .leading(epoch: epoch)))
    }

    // MARK: Following

    private mutating func follow(now: Instant) {
        let unmet = unmetByTier(now: now)
        let isWaiting = unmet.contains { $0 > 0 }
        if isWaiting != demand.isWaiting {
            demand.isWaiting = isWaiting
            demand.lastProgress = now
        }
        let wantsMore = zip(unmet, demand.believed).contains { $0 > $1 }
        let isDue = now.microseconds(since: demand.publishedAt) >= options.repetition
        // Before the ledger knows our limits, a leader might grant us more than they allow.
        if isBinding(now: now), wantsMore || (isDue && (isWaiting || unmet != demand.believed)) {
            publish(unmet, now: now)
        }
        guard isWaiting, now.microseconds(since: demand.lastProgress) >= options.patience else { return }
        if now.microseconds(since: demand.lastPull) >= options.patience { pull(now: now) }
        guard now.microseconds(since: demand.lastProgress) >= 2 * options.patience else { return }
        // The leader beats but does not serve us: the ledger knows whether that is right. Where others are more urgent, it is.
        let tier = crowd.waiting.firstIndex { $0 > 0 } ?? unmet.count - 1
        let urgent = unmet[...tier].reduce(0, +)
        if urgent == 0 {
            demand.lastProgress = now
        } else {
            reserveDirectly(now: now, most: urgent, yields: false)
        }
    }

    private mutating func publish(_ unmet: [Int], now: Instant) {
        guard let election else { return }
        demand.believed = unmet
        demand.publishedAt = now
        let sequence = demand.hasPulled ? DemandMessage.everySequence : demand.epoch == election.epoch ? demand.sequence : 0
        demand.hasPulled = false
        effects.append(
            .publish(
                DemandMessage(
                    node: id, epoch: election.epoch, sequence: sequence, stamp: now.microseconds, wanted: unmet, terms: rules.mark)))
    }

    // MARK: Direct

    private mutating func reserveDirectly(now: Instant, most: Int = .max, yields: Bool) {
        let unmet = min(most, unmetByTier(now: now).reduce(0, +))
        guard unmet > 0, !direct.isReserving, now >= direct.nextAt else { return }
        direct.isReserving = true
        let capacity = rules.agreed.reduce(0) { $0 + Int($1.limits.first?.count ?? $1.concurrency ?? MirrorLedger.unlimited) }
        let share = max(1, (capacity + direct.liveNodes - 1) / direct.liveNodes)
        effects.append(
            .reserve(
                ReserveRequest(
                    caller: id, demands: [ReserveRequest.Demand(node: id, wanted: Int64(min(unmet, share)))],
                    yieldsToLeader: isShared && yields && !rules.leaderHasOthers),
                .direct))
    }

    // MARK: Answers

    mutating func answered(
        _ request: ReserveRequest, _ purpose: Purpose, _ result: Result<ReserveReply, Failure>, sentAt: Instant, now: Instant
    ) {
        switch (purpose, result) {
        case (.leading(let epoch), .success(let reply)): led(request, epoch, reply, sentAt: sentAt, now: now)
        case (.touching(let epoch), .success(let reply)):
            if case .staleEpoch = reply.outcome { return epochRefused(epoch, now: now) }
            look(reply.mirrors, waiting: board?.waiting ?? 0, now: now)
        case (.direct, .success(let reply)): reserved(reply, sentAt: sentAt, now: now)
        case (.spare(let waiter), .success(let reply)): spared(reply, for: waiter, sentAt: sentAt, now: now)
        case (.leading(let epoch), .failure):
            guard election?.role == .leading(epoch: epoch) else { break }
            board?.failed(now: now)
            // The board forgets who does not repeat himself; we are no exception.
            demand.believed = DemandMessage.unknown
        case (.touching, .failure): break
        case (.spare(let waiter), .failure):
            if spareWaiters.remove(waiter) != nil { effects.append(.refuse(waiter, .unreachable(waited: now.microseconds(since: sentAt)))) }
        case (.direct, .failure):
            direct.isReserving = false
            direct.nextAt = now.advanced(byMicroseconds: Int64.random(in: 30_000...100_000, using: &random))
        }
        switch result {
        case .success(let reply):
            isLedgerFailing = false
            heard(reply.stamp, now: now)
        case .failure(let failure):
            isLedgerFailing = true
            if failure == .fateUnknown { pull(now: now) }
        }
    }

    private mutating func led(_ request: ReserveRequest, _ epoch: Int64, _ reply: ReserveReply, sentAt: Instant, now: Instant) {
        var counts: [(node: NodeID, count: Int)] = []
        for (wish, grants) in zip(request.demands, reply.grants) {
            let count = grants.reduce(0) { $0 + Int($1.count) }
            counts.append((wish.node, count))
            figures.leaderGranted += count
            figures.leaderGrants += grants.count
            if wish.node == id { adopt(grants, of: reply.stamp.incarnation, sentAt: sentAt, now: now) }
        }
        if case .staleEpoch = reply.outcome { return epochRefused(epoch, now: now) }
        guard election?.role == .leading(epoch: epoch) else { return }
        let release = nextRelease(reply.mirrors, now: now)
        board?.granted(counts, nextRelease: release, now: now)
        look(reply.mirrors, waiting: board?.waiting ?? 0, now: now)
        // What was granted to ourselves has arrived: say so at the next turn.
        demand.believed = DemandMessage.unknown
    }

    private mutating func reserved(_ reply: ReserveReply, sentAt: Instant, now: Instant) {
        direct.isReserving = false
        for grants in reply.grants { adopt(grants, of: reply.stamp.incarnation, sentAt: sentAt, now: now) }
        // Who waits here is counted when the outlook is used; who waits elsewhere is not known.
        look(reply.mirrors, waiting: 0, now: now)
        if case .queueWithLeader = reply.outcome {
            direct.yieldsUntil = now.advanced(byMicroseconds: options.patience)
            direct.nextAt = direct.yieldsUntil
            demand.believed = DemandMessage.nothing
            demand.lastProgress = now
        } else {
            // Several nodes wait for the same release: spread them a little.
            let spread = isShared ? Int64.random(in: 0...1_000, using: &random) : 0
            direct.nextAt = nextRelease(reply.mirrors, now: now).advanced(byMicroseconds: spread)
        }
    }

    /// When asking again is worth it: at the next release, or soon, since completions make earlier ones known.
    private func nextRelease(_ mirrors: [MirrorStatus], now: Instant) -> Instant {
        let shortest = rules.agreed.compactMap { $0.limits.first?.window }.min() ?? 1_000_000
        let soon = min(100_000, max(2_000, shortest / 8))
        let release = mirrors.compactMap { $0.free > 0 ? 0 : $0.nextRelease }.min() ?? soon
        return now.advanced(byMicroseconds: min(max(release, 0), soon))
    }

    mutating func look(_ mirrors: [MirrorStatus], waiting: Int, now: Instant) {
        outlook = Outlook(terms: terms.keeping(rules.agreed), mirrors: mirrors, waiting: waiting, now: now)
        isEveryMirrorFailing = mirrors.allSatisfy { $0.standing == .failing }
    }
}

import SluiceLoop
import SluiceRedis

/// Where slots come from: as leader for everybody, from a leader, or from the ledger directly.
extension SlotCoordinator {
    /// Which of the three ways holds at the moment.
    enum Mode: Hashable {
        case leading, following, direct, waiting
    }

    func mode(now: Instant) -> Mode {
        guard let election else { return .direct }
        switch election.role {
        case .leading: return election.leads(at: now) && board != nil ? .leading : .direct
        case .following: return .following
        case .leaderless:
            if now < direct.yieldsUntil { return .following }
            return direct.mayStart || !options.campaigns ? .direct : .waiting
        }
    }

    /// Waiters that no slot in hand can serve, by tier.
    private var unmetByTier: [Int] {
        var covered = queue.inHand
        return queue.line.countsByTier.map { count in
            let served = min(count, covered)
            covered -= served
            return count - served
        }
    }

    func seekSlots(now: Instant) {
        figures.waiting = queue.line.count
        guard !isStopped else { return }
        switch mode(now: now) {
        case .leading: lead(now: now)
        case .following: follow(now: now)
        case .direct: reserveDirectly(now: now)
        case .waiting: break
        }
    }

    /// When `seekSlots` has something to do next.
    func nextSeek(now: Instant) -> Instant? {
        let unmet = unmetByTier
        let isWaiting = unmet.contains { $0 > 0 }
        switch mode(now: now) {
        case .leading: return nil
        case .following:
            guard isWaiting || demand.believed != unmet else { return nil }
            return demand.publishedAt.advanced(byMicroseconds: options.repetition)
        case .direct: return isWaiting && !direct.isReserving ? max(direct.nextAt, now) : nil
        case .waiting: return nil
        }
    }

    // MARK: Leading

    private func lead(now: Instant) {
        guard let epoch = election?.epoch else { return }
        let unmet = unmetByTier
        if unmet != demand.believed {
            demand.believed = unmet
            board?.heard(
                DemandMessage(node: node, epoch: epoch, sequence: .max, stamp: now.microseconds, waiting: unmet), now: now)
        }
        guard let request = board?.reservation(now: now) else { return }
        launch { await $0.reserve(request, sentAt: now) }
    }

    private func reserve(_ request: ReserveRequest, sentAt: Instant) async {
        do throws(LedgerError) {
            let reply = try await ledger.reserve(request)
            let now = Instant.now
            lastFailure = nil
            guard case .granted = reply.outcome else { return epochRefused(request.epoch ?? 0) }
            var counts: [(node: NodeID, count: Int)] = []
            for (wish, grants) in zip(request.demands, reply.grants) {
                let count = grants.reduce(0) { $0 + Int($1.count) }
                counts.append((wish.node, count))
                figures.leaderGranted += count
                figures.leaderGrants += grants.count
                if wish.node == node { adopt(grants, of: reply.stamp.incarnation, sentAt: sentAt, now: now) }
            }
            board?.granted(counts, nextRelease: nextRelease(reply.mirrors, now: now), now: now)
            look(reply.mirrors, waiting: board?.waiting ?? 0, now: now)
            // What was granted to ourselves has arrived: say so at the next turn.
            demand.believed = [-1, -1, -1]
        } catch {
            lastFailure = error
            board?.failed(now: .now)
            if error.code == .fateUnknown { pull() }
        }
        planTurn()
    }

    // MARK: Following

    private func follow(now: Instant) {
        let unmet = unmetByTier
        let isWaiting = unmet.contains { $0 > 0 }
        let wantsMore = zip(unmet, demand.believed).contains { $0 > $1 }
        let isDue = now.microseconds(since: demand.publishedAt) >= options.repetition
        if wantsMore || (isDue && (isWaiting || unmet != demand.believed)) {
            if !demand.believed.contains(where: { $0 > 0 }) { demand.lastProgress = now }
            publish(unmet, now: now)
        }
        guard isWaiting, now.microseconds(since: demand.lastProgress) >= options.patience else { return }
        if now.microseconds(since: demand.lastPull) >= options.patience { pull() }
        // The leader beats but does not serve us: the ledger knows whether that is right.
        if now.microseconds(since: demand.lastProgress) >= 2 * options.patience { reserveDirectly(now: now) }
    }

    private func publish(_ unmet: [Int], now: Instant) {
        guard let redis, let election else { return }
        demand.believed = unmet
        demand.publishedAt = now
        let sequence = demand.epoch == election.epoch ? demand.sequence : 0
        let message = DemandMessage(
            node: node, epoch: election.epoch, sequence: sequence, stamp: now.microseconds, waiting: unmet)
        launch { _ = try? await redis.command("PUBLISH", $0.keys.demand, message.text) }
    }

    /// Looks for grants that were recorded for this node but whose message never came.
    func pull() {
        guard !isPulling else { return }
        isPulling = true
        demand.lastPull = .now
        launch { await $0.pullGrants() }
    }

    private func pullGrants() async {
        let sentAt = Instant.now
        if let reply = try? await ledger.pull(node) {
            let now = Instant.now
            let life = lives.number(of: reply.stamp.incarnation)
            for held in reply.held {
                let sendBy = sentAt.advanced(byMicroseconds: ledger.terms.hold(ofLife: held.life))
                adopt(held.grant, life: life, sendBy: sendBy, expiresIn: held.life, now: now)
            }
        }
        isPulling = false
        planTurn()
    }

    // MARK: Direct

    private func reserveDirectly(now: Instant) {
        let unmet = unmetByTier.reduce(0, +)
        guard unmet > 0, !direct.isReserving, now >= direct.nextAt else { return }
        direct.isReserving = true
        let capacity = ledger.terms.mirrors.reduce(0) { $0 + Int($1.limits.first?.count ?? 1) }
        let share = max(1, (capacity + direct.liveNodes - 1) / direct.liveNodes)
        let request = ReserveRequest(
            caller: node, demands: [ReserveRequest.Demand(node: node, wanted: Int64(min(unmet, share)))],
            yieldsToLeader: redis != nil)
        launch { await $0.reserveDirectly(request, sentAt: now) }
    }

    private func reserveDirectly(_ request: ReserveRequest, sentAt: Instant) async {
        do throws(LedgerError) {
            let reply = try await ledger.reserve(request)
            let now = Instant.now
            lastFailure = nil
            for grants in reply.grants { adopt(grants, of: reply.stamp.incarnation, sentAt: sentAt, now: now) }
            // Who waits here is counted when the outlook is used; who waits elsewhere is not known.
            look(reply.mirrors, waiting: 0, now: now)
            if case .queueWithLeader = reply.outcome {
                direct.yieldsUntil = now.advanced(byMicroseconds: options.patience)
                direct.nextAt = direct.yieldsUntil
                demand.believed = [0, 0, 0]
                demand.lastProgress = now
            } else {
                // Several nodes wait for the same release: spread them a little.
                let spread = redis == nil ? 0 : Int64.random(in: 0...1_000)
                direct.nextAt = nextRelease(reply.mirrors, now: now).advanced(byMicroseconds: spread)
            }
        } catch {
            lastFailure = error
            direct.nextAt = Instant.now.advanced(byMicroseconds: Int64.random(in: 30_000...100_000))
            if error.code == .fateUnknown { pull() }
        }
        direct.isReserving = false
        planTurn()
    }

    // MARK: What replies say

    /// When asking again is worth it: at the next release, or soon, since completions make earlier ones known.
    private func nextRelease(_ mirrors: [MirrorStatus], now: Instant) -> Instant {
        let shortest = ledger.terms.mirrors.compactMap { $0.limits.first?.window }.min() ?? 1_000_000
        let soon = min(100_000, max(2_000, shortest / 8))
        let release = mirrors.compactMap { $0.free > 0 ? 0 : $0.nextRelease }.min() ?? soon
        return now.advanced(byMicroseconds: min(max(release, 0), soon))
    }

    func look(_ mirrors: [MirrorStatus], waiting: Int, now: Instant) {
        outlook = Outlook(terms: ledger.terms, mirrors: mirrors, waiting: waiting, now: now)
    }
}

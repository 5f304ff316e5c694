import SluiceLoop
package import SluiceRedis

/// How the node carries out what `Election` decides, and what it hears from the pool.
extension SlotCoordinator {
    /// An event of the pool's subscription. Call it on the loop's thread.
    package func received(_ event: RedisSubscriber.Event) {
        let now = Instant.now
        switch event {
        case .message(let channel, let payload):
            if channel == keys.grants(to: node) {
                if let message = GrantMessage(payload) { received(message, now: now) }
            } else if channel == keys.beat {
                if let beat = BeatMessage(payload: payload) { received(beat, now: now) }
            } else if channel == keys.demand {
                guard board != nil, let message = DemandMessage(payload: payload), message.node != node else { return }
                board?.heard(message, now: now)
                planTurn()
            } else if channel == keys.leaderWake {
                board?.freed()
                direct.nextAt = min(direct.nextAt, now)
                planTurn()
            }
        case .connected:
            // What was said while the line was cut is lost: say it again, and look for grants.
            demand.believed = [0, 0, 0]
            if queue.unmet > 0 || book.openGrants > 0 { pull() }
            planTurn()
        case .disconnected, .invalidated: break
        }
    }

    private func received(_ beat: BeatMessage, now: Instant) {
        switch beat {
        case .beat(let leader, let epoch, let waiting, let free, let next):
            guard leader != node.text else { return }
            if mode(now: now) != .leading {
                outlook = Outlook(terms: ledger.terms, waiting: waiting, free: free, nextRelease: next, now: now)
            }
            perform(election?.heardBeat(leader: leader, epoch: epoch, now: now) ?? [])
        case .resigned(let leader, let epoch):
            guard leader != node.text else { return }
            perform(election?.heardResignation(epoch: epoch, now: now) ?? [])
        }
        planTurn()
    }

    func stepElection(now: Instant) {
        perform(election?.timeCame(now: now) ?? [])
    }

    func perform(_ effects: [Election.Effect]) {
        for effect in effects {
            switch effect {
            case .campaign: launch { await $0.campaign() }
            case .renew(let epoch): launch { await $0.renew(epoch: epoch) }
            case .resign(let epoch): launch { try? await $0.lease?.resign(epoch: epoch) }
            case .roleChanged(let role): changed(to: role)
            }
        }
    }

    private func campaign() async {
        guard let lease else { return }
        let sentAt = Instant.now
        do throws(RedisError) {
            let result = try await lease.campaign(knownEpoch: election?.epoch ?? 0)
            let now = Instant.now
            direct.mayStart = true
            switch result {
            case .won(let epoch): perform(election?.won(epoch: epoch, sentAt: sentAt, now: now) ?? [])
            case .lost(let holder, let epoch, let remaining):
                perform(election?.lost(to: holder, epoch: epoch, remaining: remaining, now: now) ?? [])
            }
        } catch {
            lastFailure = error
            perform(election?.failed(now: .now) ?? [])
        }
        planTurn()
    }

    private func renew(epoch: Int64) async {
        guard let lease else { return }
        // Demands must be heard before anybody learns whom to send them to.
        if !isListeningAsLeader {
            isListeningAsLeader = true
            try? await subscriber?.subscribe([keys.demand, keys.leaderWake])
        }
        if board?.waiting == 0 { launch { await $0.touchLedger(epoch: epoch) } }
        let sentAt = Instant.now
        figures.poolWaiting = board?.waiting ?? 0
        let next = outlook?.nextRelease.map { max(0, $0 - sentAt.microseconds(since: outlook?.at ?? sentAt)) }
        let beat = BeatMessage.beat(
            leader: node.text, epoch: epoch, waiting: figures.poolWaiting, free: outlook?.free ?? 0, nextRelease: next)
        do throws(RedisError) {
            let isExtended = try await lease.renew(epoch: epoch, beat: beat)
            let now = Instant.now
            perform((isExtended ? election?.renewed(sentAt: sentAt, now: now) : election?.renewalRefused(now: now)) ?? [])
        } catch {
            lastFailure = error
            perform(election?.failed(now: .now) ?? [])
        }
        planTurn()
    }

    /// A call that asks for nothing. It passes our bounds on ledger time, so a clock that was set while nobody called is
    /// corrected before a newcomer without bounds relies on it; and it tells what is free, for the next beat.
    private func touchLedger(epoch: Int64) async {
        guard let reply = try? await ledger.reserve(ReserveRequest(caller: node, epoch: epoch, demands: [])) else { return }
        guard case .granted = reply.outcome else { return epochRefused(epoch) }
        look(reply.mirrors, waiting: board?.waiting ?? 0, now: .now)
    }

    /// The ledger says that an epoch is not current any more.
    func epochRefused(_ epoch: Int64) {
        guard election?.role == .leading(epoch: epoch) else { return }
        perform(election?.renewalRefused(now: .now) ?? [])
        planTurn()
    }

    private func changed(to role: Election.Role) {
        board = nil
        demand.believed = [0, 0, 0]
        figures.epoch = election?.epoch ?? 0
        direct.nextAt = .now
        figures.leadsSince = nil
        switch role {
        case .leading(let epoch):
            figures.role = "leader"
            figures.leadsSince = .now
            figures.elections += 1
            figures.leaderGranted = 0
            figures.leaderGrants = 0
            board = DemandBoard(caller: node, epoch: epoch)
        case .following:
            figures.role = "follower"
            direct.mayStart = true
        case .leaderless:
            figures.role = "direct"
            direct.mayStart = true
        }
        if board == nil, isListeningAsLeader {
            isListeningAsLeader = false
            launch { try? await $0.subscriber?.unsubscribe([$0.keys.demand, $0.keys.leaderWake]) }
        }
    }

    /// Gives the lease back, when this node holds it.
    func resign() async {
        for effect in election?.stop() ?? [] {
            if case .resign(let epoch) = effect { try? await lease?.resign(epoch: epoch) }
        }
    }
}

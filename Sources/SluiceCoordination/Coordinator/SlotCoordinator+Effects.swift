import SluiceLoop
package import SluiceRedis

/// How decisions become commands, and replies become events.
extension SlotCoordinator {
    func carryOut(_ effect: SlotNode.Effect, now: Instant) {
        switch effect {
        case .give(let waiter, let slot): end(waiter, .success(slot))
        case .refuse(let waiter, let refusal): end(waiter, .failure(refusal.error(underlying: lastFailure)))
        case .reserve(let request, let purpose): launch { await $0.reserve(request, purpose) }
        case .settle(let reports): launch { await $0.settle(reports) }
        case .pull: launch { await $0.pull() }
        case .copy(let version): launch { await $0.copy(since: version) }
        case .contribute(let notice, let incarnation): launch { await $0.contribute(to: notice, in: incarnation) }
        case .gather: launch { await $0.gather() }
        case .restore(let request): launch { await $0.restore(request) }
        case .learn(let stamp): launch { await $0.ledger.heard(stamp) }
        case .announce: launch { await $0.announce() }
        case .say(let sentence): log(sentence)
        case .publish(let message):
            guard let redis else { return }
            // A demand that is lost is repeated.
            launch { _ = try? await redis.command("PUBLISH", $0.keys.demand, message.text) }
        case .campaign(let epoch): launch { await $0.campaign(knownEpoch: epoch) }
        case .renew(let epoch, let beat): launch { await $0.renew(epoch, beat) }
        case .resign(let epoch): launch { try? await $0.lease?.resign(epoch: epoch) }
        case .listenAsLeader(let listens): listening = launch { await $0.listenAsLeader(listens) }
        }
    }

    private func reserve(_ request: ReserveRequest, _ purpose: SlotNode.Purpose) async {
        let sentAt = Instant.now
        let result = await outcome { () async throws(LedgerError) in try await self.ledger.reserve(request) }
        if case .success(let reply) = result { observe?(reply.mirrors, reply.stamp) }
        apply(.reserved(request, purpose, result, sentAt: sentAt))
    }

    private func announce() async {
        let sentAt = Instant.now
        let result = await outcome { () async throws(LedgerError) in try await self.ledger.announce() }
        apply(.announced(result, sentAt: sentAt))
    }

    /// Between two reports of somebody who is in doubt, in µs.
    private static let doubtfulPause: Int64 = 20_000

    private func settle(_ reports: [SettleBook.Report]) async {
        let request = node.settleRequest(reports, sentAt: .now)
        let result = await outcome { () async throws(LedgerError) in try await self.ledger.settle(request) }
        if case .success(let reply) = result {
            observe?(reply.mirrors, reply.stamp)
            // It is asked again, at a stop at once: not as fast as the network can.
            if reply.stamp.isInDoubt { try? await loop.sleep(until: Instant.now.advanced(byMicroseconds: Self.doubtfulPause)) }
        }
        apply(.settled(reports, result))
    }

    private func pull() async {
        let sentAt = Instant.now
        let result = await outcome { () async throws(LedgerError) in try await self.ledger.pull(self.id) }
        apply(.pulled(result, sentAt: sentAt))
    }

    private func campaign(knownEpoch: Int64) async {
        guard let lease else { return }
        let sentAt = Instant.now
        do throws(RedisError) {
            let campaign = try await lease.campaign(knownEpoch: knownEpoch)
            apply(.campaigned(.success(campaign), sentAt: sentAt))
        } catch {
            lastFailure = error
            apply(.campaigned(.failure(.fateUnknown), sentAt: sentAt))
        }
    }

    private func renew(_ epoch: Int64, _ beat: BeatMessage) async {
        guard let lease else { return }
        // A beat names us: nobody should act on it before we hear demands.
        await listening?.value
        let sentAt = Instant.now
        do throws(RedisError) {
            let isExtended = try await lease.renew(epoch: epoch, beat: beat)
            apply(.renewed(.success(isExtended), sentAt: sentAt))
        } catch {
            lastFailure = error
            apply(.renewed(.failure(.fateUnknown), sentAt: sentAt))
        }
    }

    private func listenAsLeader(_ listens: Bool) async {
        let channels = [keys.demand, keys.leaderWake]
        // Without a connection the subscriber remembers the wish; until it holds, nodes serve themselves.
        if listens { try? await subscriber?.subscribe(channels) } else { try? await subscriber?.unsubscribe(channels) }
    }

    func outcome<Reply: Sendable>(
        _ call: () async throws(LedgerError) -> Reply
    ) async -> Result<Reply, SlotNode.Failure> {
        do throws(LedgerError) {
            let reply = try await call()
            lastFailure = nil
            return .success(reply)
        } catch {
            lastFailure = error
            if let version = error.poolVersion { apply(.foreignVersion(version)) }
            return .failure(error.code == .fateUnknown ? .fateUnknown : .notDone)
        }
    }

    /// An event of the pool's subscription. Call it on the loop's thread.
    package func received(_ event: RedisSubscriber.Event) {
        switch event {
        case .message(let channel, let payload):
            if channel == keys.grants(to: id) {
                if let message = GrantMessage(payload) { apply(.granted(message)) }
            } else if channel == keys.beat {
                if let beat = BeatMessage(payload: payload) { apply(.beat(beat)) }
            } else if channel == keys.demand {
                if let message = DemandMessage(payload: payload) { apply(.demanded(message)) }
            } else if channel == keys.leaderWake {
                apply(.freed)
            }
        case .connected: apply(.subscribed)
        case .disconnected, .invalidated: break
        }
    }
}

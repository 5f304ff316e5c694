internal import SluiceLoop
package import SluiceRedis

/// The slot ledger of a pool in Redis: one hash, and one script for each call.
///
/// It lives on its client's loop. Each call takes along what this process knows of ledger time, and each reply adds to it.
package actor RedisSlotLedger: SlotLedger {
    package nonisolated let terms: LedgerTerms
    package nonisolated let client: RedisClient
    package nonisolated var unownedExecutor: UnownedSerialExecutor { client.loop.asUnownedSerialExecutor() }

    private let keys: PoolKeys
    private let node: NodeID?
    private let muster: Int64
    private let version: Int64
    /// What this process knows of ledger time.
    package private(set) var clock = LedgerClock()

    /// - Parameters:
    ///   - node: who calls; nil for one that takes no part in the pool.
    ///   - muster: µs that members have to tell what they remember when data may be lost.
    ///   - version: of the ledger's protocol; another one than our own shows how it is refused.
    package init(
        client: RedisClient, pool: PoolKeys, node: NodeID? = nil, terms: LedgerTerms, muster: Int64 = LedgerCall.musterSpan,
        version: Int64 = LedgerProtocol.version
    ) {
        self.version = version
        self.client = client
        self.terms = terms
        self.muster = muster
        self.node = node
        keys = pool
    }

    package func reserve(_ request: ReserveRequest) async throws(LedgerError) -> ReserveReply {
        let script = LedgerScript.reserve
        let (value, sent) = try await run(script, keys: [keys.ledger, keys.leader, keys.epoch]) { $0.reserving(request) }
        var reader = try LedgerReplyReader(value, of: script.name)
        let reply = try reader.reserveReply(demands: request.demands.count, mirrors: terms.mirrors.count)
        learn(reply.stamp, sent: sent)
        return reply
    }

    package func settle(_ request: SettleRequest) async throws(LedgerError) -> SettleReply {
        let script = LedgerScript.settle
        let (value, sent) = try await run(script, keys: [keys.ledger], idempotent: true) { $0.settling(request) }
        var reader = try LedgerReplyReader(value, of: script.name)
        let reply = try reader.settleReply(mirrors: terms.mirrors.count)
        learn(reply.stamp, sent: sent)
        return reply
    }

    package func penalise(mirror: Int, grant: Int64, asked: Int64?) async throws(LedgerError) -> PenaliseReply {
        let script = LedgerScript.penalise
        let (value, sent) = try await run(script, keys: [keys.ledger]) {
            $0.penalising(mirror: mirror, grant: grant, asked: asked)
        }
        var reader = try LedgerReplyReader(value, of: script.name)
        let reply = try reader.penaliseReply(mirrors: terms.mirrors.count)
        learn(reply.stamp, sent: sent)
        return reply
    }

    package func announce() async throws(LedgerError) -> AnnounceReply {
        let script = LedgerScript.announce
        let (value, sent) = try await run(script, keys: [keys.ledger], idempotent: true) { $0 }
        var reader = try LedgerReplyReader(value, of: script.name)
        let reply = try reader.announceReply(terms: terms)
        learn(reply.stamp, sent: sent)
        return reply
    }

    package func pull(_ node: NodeID) async throws(LedgerError) -> PullReply {
        let script = LedgerScript.pull
        let (value, _) = try await run(script, keys: [keys.ledger], idempotent: true) { $0.pulling(node) }
        var reader = try LedgerReplyReader(value, of: script.name)
        return try reader.pullReply(mirrors: terms.mirrors.count)
    }

    package func inspect() async throws(LedgerError) -> InspectReply {
        let script = LedgerScript.inspect
        let (value, _) = try await run(script, keys: [keys.ledger], idempotent: true) { $0 }
        var reader = try LedgerReplyReader(value, of: script.name)
        return try reader.inspectReply(mirrors: terms.mirrors.count)
    }

    package func copy(since version: Int64?) async throws(LedgerError) -> CopyReply {
        let script = LedgerScript.copy
        let (value, _) = try await run(script, keys: [keys.ledger], idempotent: true) { $0.copying(since: version) }
        var reader = try LedgerReplyReader(value, of: script.name)
        return try reader.copyReply(terms: terms)
    }

    package func contribute(
        _ recollection: Recollection, of node: NodeID, to muster: MusterNotice, in incarnation: String
    ) async throws(LedgerError) -> LedgerStamp {
        let script = LedgerScript.contribute
        let memory = recollection.bytes
        let (value, sent) = try await run(script, keys: [keys.ledger], idempotent: true) {
            $0.contributing(memory, remembers: !recollection.isEmpty, of: node, to: muster, in: incarnation)
        }
        var reader = try LedgerReplyReader(value, of: script.name)
        let stamp = try reader.contributeReply()
        learn(stamp, sent: sent)
        return stamp
    }

    package func gather() async throws(LedgerError) -> GatherReply {
        let script = LedgerScript.gather
        let (value, _) = try await run(script, keys: [keys.ledger], idempotent: true) { $0 }
        var reader = try LedgerReplyReader(value, of: script.name)
        return try reader.gatherReply(terms: terms)
    }

    package func restore(_ request: RestoreRequest) async throws(LedgerError) -> RestoreReply {
        let script = LedgerScript.restore
        let (value, sent) = try await run(script, keys: [keys.ledger]) { $0.restoring(request) }
        var reader = try LedgerReplyReader(value, of: script.name)
        let reply = try reader.restoreReply(mirrors: terms.mirrors.count)
        learn(reply.stamp, sent: sent)
        return reply
    }

    /// Takes in a message that carries ledger time, so that a node that only listens has bounds as well.
    package func heard(_ stamp: LedgerStamp) { clock.heardMessage(stamp, received: .now) }

    private func learn(_ stamp: LedgerStamp, sent: Instant) {
        if clock.heard(stamp, sent: sent, received: .now) { Task { _ = try? await announce() } }
    }

    /// Runs a script with the knowledge of the moment at which it is sent.
    ///
    /// Each attempt asks anew who the server is, and is bound to the connection that the answer is about: one that does not know the
    /// script, or that comes after a lost connection, may have begun a new life, and a call that took along the old one's name would
    /// keep the ledger from noticing. So it repeats and loads by itself instead of leaving that to the client.
    private func run(
        _ script: RedisScript, keys: [String], idempotent: Bool = false, _ arguments: (consuming LedgerArguments) -> LedgerArguments
    ) async throws(LedgerError) -> (value: RedisValue, sent: Instant) {
        var attempts = 0
        while true {
            attempts += 1
            do {
                let server = try await knownServer()
                let sent = Instant.now
                let call = LedgerCall(
                    terms: terms, knowledge: clock.knowledge(at: sent), node: node, runID: server.runID,
                    candidate: Self.candidate(), muster: muster, settling: max(0, LedgerCall.homecoming - server.age(at: sent)),
                    version: version)
                let words = arguments(LedgerArguments(call, scope: self.keys.scope)).words
                return (try await client.run(script, keys: keys, arguments: words, on: server), sent)
            } catch {
                guard attempts < Self.mostAttempts else { throw LedgerError(error, script: script.name, ledger: self.keys.ledger) }
                if error.replyCode == "NOSCRIPT" {
                    // Its failure shows at the next attempt.
                    _ = try? await client.command([Array("SCRIPT".utf8), Array("LOAD".utf8), script.source], idempotent: true)
                } else if error.code != .connectionChanged, !idempotent || error.isCertainlyNotExecuted {
                    throw LedgerError(error, script: script.name, ledger: self.keys.ledger)
                }
            }
        }
    }

    private static let mostAttempts = 3

    /// The server that is connected; waits for a connection when there is none.
    private func knownServer() async throws(RedisError) -> ConnectedServer {
        if let server = await client.server { return server }
        try await client.command("PING", idempotent: true)
        if let server = await client.server { return server }
        // A call that named no server could not tell the ledger that it is another one.
        throw RedisError(.connectionChanged, "The connection to \(client.endpoint) was lost again at once; nothing was sent.")
    }

    /// Drawn anew for each call: two lives of the data must never bear the same name.
    private static func candidate() -> String { String(UInt64.random(in: .min ... .max), radix: 36) }
}

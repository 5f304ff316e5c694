package import SluiceLoop

/// The slot ledger of a pool within one process: the default when no Redis is configured.
///
/// It lives on the pool's loop, so that calls from there cost no hop.
package actor InMemorySlotLedger: SlotLedger {
    package nonisolated let terms: LedgerTerms
    package nonisolated let loop: EventLoop
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var state = LedgerState()
    private let candidate: String
    private let publish: @Sendable (LedgerMessage) -> Void

    /// - Parameter publish: called on the loop with each message, before the call that causes it returns.
    package init(terms: LedgerTerms, loop: EventLoop, publish: @escaping @Sendable (LedgerMessage) -> Void = { _ in }) {
        var random = SystemRandomNumberGenerator()
        candidate = randomWord(length: 12, from: &random)
        self.terms = terms
        self.loop = loop
        self.publish = publish
    }

    /// Says who leads, and since which election.
    package func setLeader(_ node: NodeID?, epoch: Int64) {
        state.leader = node
        state.epoch = epoch
    }

    package func reserve(_ request: ReserveRequest) -> ReserveReply {
        let (reply, messages) = state.reserve(request, call, at: Instant.now.microseconds)
        messages.forEach(publish)
        return reply
    }

    package func settle(_ request: SettleRequest) -> SettleReply {
        let (reply, messages) = state.settle(request, call, at: Instant.now.microseconds)
        messages.forEach(publish)
        return reply
    }

    package func penalise(mirror: Int, grant: Int64, asked: Int64?) -> PenaliseReply {
        state.penalise(mirror: mirror, grant: grant, asked: asked, call, at: Instant.now.microseconds).reply
    }

    package func announce() -> AnnounceReply {
        state.announce(call, at: Instant.now.microseconds).reply
    }

    package func pull(_ node: NodeID) -> PullReply { state.pull(node, call, at: Instant.now.microseconds) }

    /// Nobody outlives the ledger of its own process: there is nothing to be remembered.
    package func copy(since version: Int64?) -> CopyReply { state.copy(since: version, call, at: Instant.now.microseconds) }

    package func contribute(
        _ recollection: Recollection, of node: NodeID, to muster: MusterNotice, in incarnation: String
    ) -> LedgerStamp {
        state.contribute(recollection, of: node, to: muster, in: incarnation, call, at: Instant.now.microseconds).stamp
    }

    package func gather() -> GatherReply { state.gather(call, at: Instant.now.microseconds) }

    package func restore(_ request: RestoreRequest) -> RestoreReply {
        state.restore(request, call, at: Instant.now.microseconds).reply
    }

    /// Nobody sends messages within one process.
    package func heard(_ stamp: LedgerStamp) {}

    package func inspect() -> InspectReply { state.inspect(call, at: Instant.now.microseconds) }

    /// Within one process nothing is lost but with the process, and its clock is never set: no knowledge is needed.
    private var call: LedgerCall { LedgerCall(terms: terms, candidate: candidate, muster: 0) }
}

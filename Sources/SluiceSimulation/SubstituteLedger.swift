import SluiceCoordination

/// Makes the ledger count like algorithms that Sluice does not have, to show at the mirrors what they let through.
///
/// Each is made from the ledger itself by letting it forget at the wrong moment: a ledger that forgets at each boundary of a fixed
/// window is a counter of fixed windows. Calls carry no memory then (`Weakness.isWithoutMemory`), so that nothing is sealed.
final class SubstituteLedger {
    private let weaknesses: Set<Scenario.Weakness>
    private let window: Int64
    /// Tells the time of day on a node's host.
    var hostClock: (NodeID) -> Int64 = { _ in 0 }
    private var windowNumber: Int64?
    private var lastCall: Int64 = 0
    private var lastEpoch: Int64 = 0
    /// What each leader remembers, where nothing is shared; in the order in which they came.
    private var memories: [(leader: NodeID, ledger: LedgerState)] = []

    /// Nil when the scenario wants the ledger as it is.
    init?(_ scenario: Scenario) {
        let meant: Set<Scenario.Weakness> = [
            .noFence, .shortLife, .fixedWindows, .hostClocks, .windowDiesWithLeader, .leaderForgetsItsEnd,
        ]
        weaknesses = scenario.weaknesses.intersection(meant)
        window = scenario.mirrors.flatMap(\.limits).map(\.window).max() ?? 1
        if weaknesses.isEmpty { return nil }
    }

    /// Answers a reserve; `raw` is Redis' clock, `now` true time.
    func reserve(
        _ request: ReserveRequest, _ call: LedgerCall, _ ledger: inout LedgerState, raw: Int64, now: Int64
    ) -> (ReserveReply, [LedgerMessage]) {
        if weaknesses.contains(.leaderForgetsItsEnd) { return reserveFromMemory(request, call, &ledger, raw: raw) }
        if weaknesses.contains(.fixedWindows) { forget(&ledger, unless: raw / window) }
        if weaknesses.contains(.hostClocks) { forget(&ledger, unless: hostClock(request.caller) / window) }
        if weaknesses.contains(.shortLife), now - lastCall > window / 4 { ledger.forget() }
        lastCall = now
        if weaknesses.contains(.windowDiesWithLeader), let epoch = request.epoch, epoch > lastEpoch {
            lastEpoch = epoch
            ledger.forget()
        }
        var request = request
        // Who does not lead any more is served all the same.
        if weaknesses.contains(.noFence), ledger.leader != request.caller || ledger.epoch != request.epoch { request.epoch = nil }
        return ledger.reserve(request, call, at: raw)
    }

    /// Answers a settle, of which it takes in only what it has not forgotten.
    func settle(
        _ request: SettleRequest, _ call: LedgerCall, _ ledger: inout LedgerState, raw: Int64
    ) -> (SettleReply, [LedgerMessage]) {
        var rest = request
        for place in memories.indices {
            let own = request.entries.filter { $0.incarnation == memories[place].ledger.meta?.incarnation }
            _ = memories[place].ledger.settle(SettleRequest(node: request.node, entries: own), call, at: raw)
        }
        if !weaknesses.contains(.noFence) { rest.entries.removeAll { $0.incarnation != ledger.meta?.incarnation } }
        return ledger.settle(rest, call, at: raw)
    }

    private func reserveFromMemory(
        _ request: ReserveRequest, _ call: LedgerCall, _ ledger: inout LedgerState, raw: Int64
    ) -> (ReserveReply, [LedgerMessage]) {
        guard let epoch = request.epoch else {
            // Who does not lead has nothing to reserve from.
            var nothing = request
            nothing.demands = []
            return ledger.reserve(nothing, call, at: raw)
        }
        let place = memories.firstIndex { $0.leader == request.caller } ?? memories.count
        if place == memories.count { memories.append((request.caller, LedgerState())) }
        memories[place].ledger.leader = request.caller
        memories[place].ledger.epoch = epoch
        return memories[place].ledger.reserve(request, call, at: raw)
    }

    private func forget(_ ledger: inout LedgerState, unless number: Int64) {
        if windowNumber != number { ledger.forget() }
        windowNumber = number
    }
}

import SluiceCoordination
import SluiceLoop
import Testing

@Suite struct OutlookTests {
    @Test func `where all records of a mirror are taken, the next slot may come with any report, and nobody is refused for a window`()
        throws
    {
        let rules = try MirrorRules(name: "a", limits: [RateLimit("5000/60s")])
        let terms = try LedgerTerms(mirrors: [rules], hold: 2_000_000, requestTimeout: 10_000_000)
        var state = LedgerState()
        let call = LedgerCall(terms: terms, candidate: "x", muster: 0)
        var random = SystemRandomNumberGenerator()
        let nodes = (0..<1_100).map { NodeID(host: "h", process: Int32($0), random: &random) }
        let wishes = nodes.map { ReserveRequest.Demand(node: $0, wanted: 1) }
        let (reply, _) = state.reserve(ReserveRequest(caller: nodes[0], demands: wishes), call, at: 1_000_000_000)
        #expect(reply.grants.count { !$0.isEmpty } == 1_024)
        let now = Instant(microseconds: 5_000_000)
        let outlook = Outlook(terms: terms, mirrors: reply.mirrors, waiting: 76, now: now)
        #expect(outlook.earliestSlot(ahead: 0, now: now) == now)
        let entry = SettleRequest.Entry(
            mirror: 0, number: reply.grants[0][0].number, incarnation: "x", remaining: 1, completed: [0], unsent: 0, answered: 1, failed: 0,
            latency: nil, extend: nil)
        let (settled, _) = state.settle(SettleRequest(node: nodes[0], entries: [entry]), call, at: 1_000_100_000)
        #expect(settled.mirrors[0].free > 0)
    }
}

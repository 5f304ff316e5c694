import SluiceCoordination
import SluiceLoop
import Testing

/// Whoever ends a muster is told all that all members remember, so not all of them try at once.
@Suite struct MusterTurnTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: 1_000_000_000 + milliseconds * 1_000) }

    /// When a node first asks for what all remember, in milliseconds after the muster may be ended.
    private func turn(of number: Int, among nodes: Int) throws -> Int64 {
        let rules = try MirrorRules(name: "m", limits: [RateLimit("30/60s")])
        let terms = try LedgerTerms(mirrors: [rules], hold: 2_000_000, requestTimeout: 10_000_000)
        var random = SystemRandomNumberGenerator()
        let id = NodeID(host: "host", process: Int32(number), random: &random)
        var node = SlotNode(id: id, terms: terms, options: CoordinatorOptions(), isShared: true, now: at(0))
        node.apply(.counted(liveNodes: nodes), now: at(0))
        let notice = MusterNotice(number: 1, remaining: 100_000)
        node.apply(.copied(.success(CopyReply(stamp: LedgerStamp(time: 1, incarnation: "x", muster: notice), copy: nil))), now: at(0))
        for moment in stride(from: Int64(0), through: 2_000, by: 1) {
            for effect in node.turn(now: at(moment)) {
                switch effect {
                case .contribute(let notice, _):
                    let stamp = LedgerStamp(time: 1, incarnation: "x", muster: MusterNotice(number: 1, remaining: 100_000 - moment * 1_000))
                    node.apply(.contributed(notice, .success(stamp)), now: at(moment))
                case .gather: return moment - 100
                default: break
                }
            }
        }
        throw TurnError()
    }

    private struct TurnError: Error {}

    @Test func `one that is alone ends it in time`() throws {
        #expect(try turn(of: 1, among: 1) == 0)
    }

    @Test(arguments: [10, 100, 10_000]) func `many try one after another, the first of them soon`(nodes: Int) throws {
        let turns = try (1...100).map { try turn(of: $0, among: nodes) }.sorted()
        #expect(turns[0] >= 0 && turns[99] <= 500 && turns[0] <= turns[99] / 4 + 1)
        #expect(turns[99] - turns[0] >= min(250, Int64(nodes)))
    }
}

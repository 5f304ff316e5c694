import SluiceCoordination
import SluiceRandom

/// Random numbers; a failing seed replays exactly.
struct Seeded: RandomNumberGenerator {
    private var generator: SeededGenerator

    init(_ seed: UInt64) {
        // The seed is mixed first: streams of neighbouring seeds would otherwise be one stream, shifted.
        var first = SeededGenerator(seed: seed)
        generator = SeededGenerator(seed: first.next())
    }

    mutating func next() -> UInt64 { generator.next() }

    mutating func pick(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }
    mutating func chance(_ percent: Int64) -> Bool { pick(1...100) <= percent }
}

/// Spans in µs.
let millisecond: Int64 = 1_000
let second: Int64 = 1_000_000
let hour: Int64 = 3_600 * second
let day: Int64 = 24 * hour

func node(_ name: String) -> NodeID {
    NodeID(text: "host:1:" + String((name + "aaaaaaaa").prefix(8)))!
}

func mirror(_ name: String = "a", _ limits: String..., burst: Int64? = nil, concurrency: Int64? = nil) -> MirrorRules {
    try! MirrorRules(name: name, limits: limits.map { try! RateLimit($0) }, burst: burst, concurrency: concurrency)
}

func terms(_ mirrors: MirrorRules..., hold: Int64 = 100 * millisecond, timeout: Int64 = 5 * second) -> LedgerTerms {
    try! LedgerTerms(mirrors: mirrors, hold: hold, requestTimeout: timeout)
}

/// A ledger, a caller's terms, and a host's clock that the test sets.
struct Bench {
    var state = LedgerState()
    var terms: LedgerTerms
    /// The host's clock.
    var raw: Int64 = 1_700_000_000 * second
    var knowledge: LedgerKnowledge?
    /// Who calls; nil: nobody who could be in doubt.
    var member: NodeID?
    var runID: String?
    var candidate = "one"
    /// 0: nobody else remembers anything.
    var muster: Int64 = 0
    var settling = LedgerCall.homecoming

    init(_ terms: LedgerTerms) { self.terms = terms }

    var call: LedgerCall {
        LedgerCall(
            terms: terms, knowledge: knowledge, node: member, runID: runID, candidate: candidate, muster: muster,
            settling: settling)
    }

    mutating func reserve(
        _ demands: [ReserveRequest.Demand], by caller: NodeID = node("self"), epoch: Int64? = nil, yields: Bool = false,
        spares: Bool = false
    ) -> (reply: ReserveReply, messages: [LedgerMessage]) {
        state.reserve(
            ReserveRequest(caller: caller, epoch: epoch, demands: demands, yieldsToLeader: yields, sparesOnly: spares), call, at: raw)
    }

    /// What one node gets for itself.
    mutating func take(_ wanted: Int64, by caller: NodeID = node("self")) -> [Grant] {
        reserve([.init(node: caller, wanted: wanted)], by: caller).reply.grants[0]
    }

    /// How many slots one node gets for itself.
    mutating func count(_ wanted: Int64) -> Int64 { take(wanted).reduce(0) { $0 + $1.count } }

    func entry(_ grant: Grant, completed: [Int64] = [], unsent: Int64 = 0, remaining: Int64? = nil) -> SettleRequest.Entry {
        SettleRequest.Entry(
            mirror: grant.mirror, number: grant.number, incarnation: state.meta!.incarnation, remaining: remaining ?? grant.count,
            completed: Runs(completed), unsent: unsent)
    }

    @discardableResult mutating func settle(
        _ entries: [SettleRequest.Entry], by caller: NodeID = node("self")
    ) -> (reply: SettleReply, messages: [LedgerMessage]) {
        state.settle(SettleRequest(node: caller, entries: entries), call, at: raw)
    }

    /// Reports that every slot of the grants completed just now.
    mutating func complete(_ grants: [Grant]) {
        settle(grants.map { entry($0, completed: [Int64](repeating: 0, count: Int($0.count))) })
    }
}

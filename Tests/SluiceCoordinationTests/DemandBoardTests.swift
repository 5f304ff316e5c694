import SluiceCoordination
import SluiceLoop
import Testing

@Suite struct DemandBoardTests {
    private let leader = NodeID(text: "a:1:aaaaaaaa")!
    private let other = NodeID(text: "b:2:bbbbbbbb")!
    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: 1_000_000 + milliseconds * 1_000) }

    private func demand(_ node: NodeID, _ waiting: [Int], stamp: Int64, sequence: Int64 = 0, epoch: Int64 = 7) -> DemandMessage {
        DemandMessage(node: node, epoch: epoch, sequence: sequence, stamp: stamp, wanted: waiting.count == 3 ? waiting + [0] : waiting)
    }

    @Test func `one request carries everybody's wishes, the urgent tier first`() {
        var board = DemandBoard(caller: leader, epoch: 7)
        board.heard(demand(leader, [0, 2, 0], stamp: 1), now: at(0))
        board.heard(demand(other, [1, 3, 0], stamp: 5), now: at(0))
        let request = board.reservation(now: at(1))
        #expect(request?.epoch == 7)
        #expect(request?.demands.map(\.tier) == [0, 1, 1])
        #expect(request?.demands.first == .init(node: other, wanted: 1, tier: 0, stamp: 5, sequence: 1))
        // Until the ledger has answered nothing else is asked.
        #expect(board.reservation(now: at(10)) == nil)
    }

    @Test func `a waiter is not asked for twice while its grant is under way`() {
        var board = DemandBoard(caller: leader, epoch: 7)
        board.heard(demand(other, [0, 4, 0], stamp: 1), now: at(0))
        _ = board.reservation(now: at(1))
        board.granted([(other, 3)], nextRelease: nil, now: at(2))
        #expect(board.waiting == 1)
        // The node repeats itself before it has seen the grant, then after.
        board.heard(demand(other, [0, 4, 0], stamp: 2), now: at(3))
        #expect(board.waiting == 1)
        board.heard(demand(other, [0, 1, 0], stamp: 3, sequence: 1), now: at(4))
        #expect(board.waiting == 1)
    }

    @Test func `with nothing free it asks again at the next release, or at once when slots came back`() {
        var board = DemandBoard(caller: leader, epoch: 7)
        board.heard(demand(other, [0, 4, 0], stamp: 1), now: at(0))
        _ = board.reservation(now: at(1))
        board.granted([(other, 0)], nextRelease: at(90), now: at(2))
        #expect(board.nextStep(now: at(3)) == at(90))
        board.freed()
        #expect(board.nextStep(now: at(3)) == at(3))
    }

    @Test func `what is wanted ahead is collected for some milliseconds, at most ten times a second, and a waiter takes it along at once`()
    {
        var board = DemandBoard(caller: leader, epoch: 7)
        board.heard(demand(other, [0, 0, 0, 40], stamp: 1), now: at(0))
        #expect(board.waiting == 0 && board.crowd == .nobody)
        #expect(board.nextStep(now: at(1)) == at(5) && board.reservation(now: at(4)) == nil)
        board.heard(demand(leader, [0, 0, 0, 20], stamp: 1), now: at(4))
        #expect(board.reservation(now: at(5))?.demands.map(\.wanted).sorted() == [20, 40])
        board.granted([(other, 40), (leader, 20)], nextRelease: nil, now: at(6))
        board.heard(demand(leader, [0, 0, 0, 30], stamp: 2, sequence: 1), now: at(10))
        #expect(board.nextStep(now: at(10)) == at(105))
        #expect(board.reservation(now: at(104)) == nil)
        board.heard(demand(other, [0, 1, 0, 0], stamp: 2, sequence: 1), now: at(50))
        let request = board.reservation(now: at(50))
        #expect(request?.demands.map(\.tier) == [1, 3])
        #expect(request?.demands.map(\.wanted) == [1, 30])
        // What the ledger did not have is asked for again.
        board.granted([(other, 1)], nextRelease: nil, now: at(51))
        #expect(board.nextStep(now: at(60)) == at(150))
    }

    @Test func `a node that stops repeating itself is forgotten`() {
        var board = DemandBoard(caller: leader, epoch: 7)
        board.heard(demand(other, [0, 4, 0], stamp: 1), now: at(0))
        #expect(board.reservation(now: at(3_001)) == nil)
        #expect(board.waiting == 0)
    }

    @Test func `the odd slot goes to whoever had the fewest, also when it needed none at its turn`() {
        var board = DemandBoard(caller: leader, epoch: 7)
        board.heard(demand(leader, [0, 9, 0], stamp: 1), now: at(0))
        board.heard(demand(other, [0, 9, 0], stamp: 1), now: at(0))
        var firsts: [NodeID] = []
        func turn(_ number: Int64) {
            guard let first = board.reservation(now: at(number * 10))?.demands.first?.node else { return }
            firsts.append(first)
            board.granted([(first, 1)], nextRelease: nil, now: at(number * 10))
        }
        for number in 1...4 as ClosedRange<Int64> { turn(number) }
        #expect(firsts == [leader, other, leader, other])
        // The leader's waiters are gone for two turns, and then back.
        board.heard(demand(leader, [0, 0, 0], stamp: 2), now: at(41))
        for number in 5...6 as ClosedRange<Int64> { turn(number) }
        board.heard(demand(leader, [0, 9, 0], stamp: 3), now: at(61))
        for number in 7...9 as ClosedRange<Int64> { turn(number) }
        #expect(firsts[4...] == [other, other, leader, leader, leader])
    }

    @Test(arguments: [
        "", "D1", "D1 a:1:aaaaaaaa 1 2 3 4 5 6", "D1 nobody 1 2 3 4 5 6 7", "D1 a:1:aaaaaaaa 1 2 3 4 5 6 -7",
        "D2 a:1:aaaaaaaa 1 2 3 4 5 6 7",
    ])
    func `a malformed demand is no demand`(_ text: String) {
        #expect(DemandMessage(payload: Array(text.utf8)) == nil)
    }

    @Test func `nothing is asked for on behalf of a node that could not use it`() throws {
        func mark(_ mirror: String, timeout: Int64) throws -> TermsMark {
            TermsMark(try LedgerTerms(mirrors: [try MirrorRules(name: mirror, limits: [])], hold: 2_000_000, requestTimeout: timeout))
        }
        let own = try mark("m", timeout: 5_000_000)
        let asked: [(terms: TermsMark?, isServed: Bool)] = [
            (own, true), (nil, true), (try mark("m", timeout: 4_000_000), true), (try mark("m", timeout: 5_000_001), false),
            (try mark("n", timeout: 5_000_000), false),
        ]
        for (terms, isServed) in asked {
            var board = DemandBoard(caller: leader, epoch: 7, terms: own)
            var demand = demand(other, [0, 2, 0], stamp: 1)
            demand.terms = terms
            board.heard(demand, now: at(0))
            #expect(board.waiting == (isServed ? 2 : 0), "\(terms?.text ?? "unsaid")")
            #expect((board.reservation(now: at(1)) != nil) == isServed)
        }
    }

    @Test func `messages survive a round trip, and random bytes never trap`() {
        var message = demand(other, [1, 2, 3], stamp: 99, sequence: 4)
        #expect(DemandMessage(payload: Array(message.text.utf8)) == message)
        message.terms = TermsMark(text: "abc:5")
        #expect(DemandMessage(payload: Array(message.text.utf8)) == message)
        for beat in [
            BeatMessage.beat(leader: "a:1:aaaaaaaa", epoch: 3, waiting: 4, free: 5, nextRelease: nil, ledger: nil),
            .beat(
                leader: "a:1:aaaaaaaa", epoch: 3, waiting: 4, free: 5, nextRelease: nil, ledger: nil,
                crowd: Crowd(waiting: [1, 2, 3], nodes: [1, 1, 2]), terms: TermsMark(text: "abc:5")),
            .configurations(incarnation: "life"),
            .beat(
                leader: "a:1:aaaaaaaa", epoch: 3, waiting: 4, free: 5, nextRelease: 17,
                ledger: LedgerStamp(time: 5, frame: 2, incarnation: "x1")), .resigned(leader: "a:1:aaaaaaaa", epoch: 3),
        ] {
            #expect(BeatMessage(payload: Array(beat.text.utf8)) == beat)
        }
        // A leader whose ledger was just lost has heard of none with a name.
        func beat(_ ledger: LedgerStamp?) -> BeatMessage {
            .beat(leader: "a:1:aaaaaaaa", epoch: 3, waiting: 4, free: 5, nextRelease: 17, ledger: ledger)
        }
        #expect(BeatMessage(payload: Array(beat(LedgerStamp(time: 5, incarnation: "")).text.utf8)) == beat(nil))
        var random = SystemRandomNumberGenerator()
        let seeds = [message.text, "B1 a 1 2 3 4 x 6 7", "R1 a 1"].map { Array($0.utf8) }
        for _ in 0..<20_000 {
            var bytes = seeds.randomElement(using: &random)!
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = DemandMessage(payload: bytes)
            _ = BeatMessage(payload: bytes)
        }
    }
}

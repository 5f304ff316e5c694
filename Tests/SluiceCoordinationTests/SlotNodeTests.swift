import SluiceCoordination
import SluiceLoop
import Testing

@Suite struct SlotNodeTests {
    private let id = NodeID(text: "a:1:aaaaaaaa")!
    private let other = "b:2:bbbbbbbb"

    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: 1_000_000_000 + milliseconds * 1_000) }

    private func node(_ limits: String..., concurrency: Int64? = nil, isShared: Bool = true) throws -> SlotNode {
        let rules = try MirrorRules(name: "m", limits: try limits.map { try RateLimit($0) }, concurrency: concurrency)
        let terms = try LedgerTerms(mirrors: [rules], hold: 2_000_000, requestTimeout: 10_000_000)
        var node = SlotNode(id: id, terms: terms, options: CoordinatorOptions(), isShared: isShared, now: at(0))
        let reply = AnnounceReply(stamp: LedgerStamp(time: 1, incarnation: "x"), mirrors: [Announcements()])
        node.apply(.announced(.success(reply), sentAt: at(0)), now: at(0))
        return node
    }

    private func waiter(_ number: UInt64, deadline: Int64, at arrival: Int64 = 0) -> SlotNode.Event {
        .wanted(Waiter(id: number, priority: .normal, deadline: at(deadline), arrivedAt: at(arrival)))
    }

    private func beat(free: Int = 0, next: Int64? = 1_000_000) -> SlotNode.Event {
        .beat(.beat(leader: other, epoch: 3, waiting: 0, free: free, nextRelease: next, ledger: nil))
    }

    private func reply(free: Int64, next: Int64?) -> ReserveReply {
        ReserveReply(
            stamp: LedgerStamp(time: 1, incarnation: "x"), outcome: .granted, grants: [[]],
            mirrors: [MirrorStatus(free: free, inUse: 0, nextRelease: next, pausedFor: 0, sealedFor: 0)])
    }

    /// What a turn asks for, by name.
    private func names(_ effects: [SlotNode.Effect]) -> [String] { effects.map { String("\($0)".prefix { $0 != "(" }) } }

    @Test func `a follower that is served nothing looks for lost grants, and then asks the ledger itself`() throws {
        var node = try node("30/6s")
        var seen: [String] = []
        node.apply(beat(), now: at(0))
        node.apply(waiter(1, deadline: 60_000), now: at(0))
        for moment in stride(from: Int64(0), through: 2_600, by: 100) {
            node.apply(beat(), now: at(moment))
            for effect in node.turn(now: at(moment)) {
                if case .pull = effect {
                    node.apply(
                        .pulled(.success(PullReply(stamp: LedgerStamp(time: 1, incarnation: "x"), held: [])), sentAt: at(moment)),
                        now: at(moment))
                }
                seen += names([effect])
            }
        }
        #expect(seen.contains("pull"))
        #expect(seen.contains("reserve"))
        #expect(seen.first { $0 == "pull" || $0 == "reserve" } == "pull")
    }

    @Test func `a leader looks what is free when that may have changed, or was told some time ago, not for each beat`() throws {
        /// How many beats it has sent, and at how many of them it looked, until that millisecond.
        func play(free: Int64, next: Int64?, freedAt: Int64? = nil, until end: Int64) throws -> (beats: Int, looks: Int) {
            var node = try node("30/6s")
            node.apply(.campaigned(.success(.won(epoch: 1)), sentAt: at(0)), now: at(0))
            var (beats, looks) = (0, 0)
            for moment in stride(from: Int64(0), through: end, by: 10) {
                if moment == freedAt { node.apply(.freed, now: at(moment)) }
                for effect in node.turn(now: at(moment)) {
                    switch effect {
                    case .renew:
                        beats += 1
                        node.apply(.renewed(.success(true), sentAt: at(moment)), now: at(moment))
                    case .reserve(let request, let purpose):
                        looks += 1
                        node.apply(
                            .reserved(request, purpose, .success(reply(free: free, next: next)), sentAt: at(moment)), now: at(moment))
                    default: break
                    }
                }
            }
            return (beats, looks)
        }
        let idle = try play(free: 30, next: 0, until: 3_500)
        #expect(idle.beats > 30)
        #expect((8...9).contains(idle.looks))
        let full = try play(free: 0, next: 300_000, until: 950)
        #expect(full.looks == 4)
        #expect(try play(free: 0, next: 55_000_000, until: 390).looks == 1)
        #expect(try play(free: 0, next: 55_000_000, freedAt: 150, until: 390).looks == 2)
    }

    @Test func `who hears its leader go silent asks the ledger itself, and does not queue with a lease that runs on`() throws {
        var node = try node("30/6s")
        node.apply(beat(), now: at(0))
        node.apply(waiter(1, deadline: 60_000), now: at(0))
        _ = node.turn(now: at(0))
        let requests = node.turn(now: at(250)).compactMap { if case .reserve(let request, .direct) = $0 { request } else { nil } }
        #expect(requests.map(\.yieldsToLeader) == [false])
    }

    @Test func `a slot that nobody wants is asked for once, and not at all while the leader says that somebody waits`() throws {
        var node = try node("30/6s")
        node.apply(.beat(.beat(leader: other, epoch: 3, waiting: 2, free: 9, nextRelease: nil, ledger: nil)), now: at(0))
        node.apply(.wantedSpare(1), now: at(1))
        let refused = names(node.turn(now: at(1)))
        #expect(refused.contains("refuse") && !refused.contains("reserve"))
        node.apply(beat(free: 9), now: at(2))
        node.apply(.wantedSpare(2), now: at(3))
        let effects = node.turn(now: at(3))
        #expect(names(effects) == ["reserve"])
        guard case .reserve(let request, let purpose) = effects[0] else { return }
        #expect(request.sparesOnly && request.demands.map(\.wanted) == [1])
        node.apply(.reserved(request, purpose, .success(reply(free: 9, next: nil)), sentAt: at(3)), now: at(4))
        #expect(names(node.turn(now: at(4))) == ["refuse"], "it must not wait")
        #expect(node.queue.line.isEmpty)
    }

    @Test func `a spared slot goes to whoever has begun to wait meanwhile`() throws {
        var node = try node("30/6s", isShared: false)
        node.apply(.wantedSpare(1), now: at(0))
        guard case .reserve(let request, let purpose)? = node.turn(now: at(0)).first else {
            Issue.record("nothing was asked for")
            return
        }
        node.apply(waiter(2, deadline: 60_000, at: 1), now: at(1))
        var granted = reply(free: 9, next: nil)
        granted.grants = [[Grant(mirror: 0, number: 7, count: 1)]]
        node.apply(.reserved(request, purpose, .success(granted), sentAt: at(0)), now: at(2))
        let effects = node.turn(now: at(2))
        #expect(effects.contains { if case .refuse(1, .nothingToSpare) = $0 { true } else { false } })
        #expect(effects.contains { if case .give(2, _) = $0 { true } else { false } })
    }

    @Test func `where requests under way are all that is limited, a node that is on its own asks for all it needs at once`() throws {
        var node = try node(concurrency: 50, isShared: false)
        for number in 1...60 as ClosedRange<UInt64> { node.apply(waiter(number, deadline: 60_000), now: at(0)) }
        let wanted = node.turn(now: at(0)).flatMap { effect -> [Int64] in
            if case .reserve(let request, _) = effect { request.demands.map(\.wanted) } else { [] }
        }
        #expect(wanted == [50])
    }

    @Test func `alone, a node remembers nothing of the requests it has made`() throws {
        let node = try steady()
        #expect(node.figures.granted > 90)
        #expect(node.recollection(sentAt: at(1_000))?.own.isEmpty ?? true)
    }

    @Test func `a follower whose waiters are less urgent than others leaves it to the leader that they are not served`() throws {
        for (waiting, expected) in [([9, 0, 0], false), ([0, 9, 0], true), ([0, 0, 9], true)] {
            var node = try node("30/6s")
            let beat = SlotNode.Event.beat(
                .beat(
                    leader: other, epoch: 3, waiting: 9, free: 0, nextRelease: 1_000_000, ledger: nil,
                    crowd: Crowd(waiting: waiting, nodes: waiting.map { min($0, 1) })))
            var asked = false
            node.apply(beat, now: at(0))
            node.apply(waiter(1, deadline: 60_000), now: at(0))
            for moment in stride(from: Int64(0), through: 5_000, by: 100) {
                node.apply(beat, now: at(moment))
                for effect in node.turn(now: at(moment)) {
                    if case .pull = effect {
                        let nothing = PullReply(stamp: LedgerStamp(time: 1, incarnation: "x"), held: [])
                        node.apply(.pulled(.success(nothing), sentAt: at(moment)), now: at(moment))
                    }
                    if case .reserve = effect { asked = true }
                }
            }
            #expect(asked == expected, "others wait: \(waiting)")
        }
    }

    @Test func `a node that the ledger does not know yet asks no leader, and one whose leader has other mirrors asks the ledger`() throws {
        let rules = try MirrorRules(name: "m", limits: [try RateLimit("30/6s")])
        let terms = try LedgerTerms(mirrors: [rules], hold: 2_000_000, requestTimeout: 10_000_000)
        var node = SlotNode(id: id, terms: terms, options: CoordinatorOptions(), isShared: true, now: at(0))
        node.apply(beat(), now: at(0))
        node.apply(waiter(1, deadline: 60_000), now: at(0))
        #expect(!names(node.turn(now: at(1))).contains("publish"))
        let reply = AnnounceReply(stamp: LedgerStamp(time: 1, incarnation: "x"), mirrors: [Announcements()])
        node.apply(.announced(.success(reply), sentAt: at(1)), now: at(2))
        #expect(names(node.turn(now: at(2))).contains("publish"))
        // Half a minute without an answer of the ledger, and it may have forgotten us.
        node.apply(beat(), now: at(29_000))
        #expect(!names(node.turn(now: at(29_000))).contains("publish"))
        var elsewhere = try self.node("30/6s")
        elsewhere.apply(waiter(1, deadline: 60_000), now: at(0))
        elsewhere.apply(
            .beat(
                .beat(
                    leader: other, epoch: 3, waiting: 0, free: 0, nextRelease: 60_000_000, ledger: nil,
                    terms: TermsMark(text: "elsewhere:10000000"))), now: at(2))
        #expect(names(elsewhere.turn(now: at(3))).contains("reserve"))
        // What the leader says of its mirrors does not make ours hopeless.
        elsewhere.apply(waiter(2, deadline: 10_000), now: at(4))
        #expect(!elsewhere.hasRefusals)
    }

    @Test func `what members change while it asks how they are configured is asked for as soon as what they changed before`() throws {
        var node = try node("30/6s")
        let reply = AnnounceReply(stamp: LedgerStamp(time: 1, incarnation: "x"), mirrors: [Announcements()])
        node.apply(.beat(.configurations(incarnation: "x")), now: at(0))
        #expect(names(node.turn(now: at(200))).contains("announce"))
        node.apply(.beat(.configurations(incarnation: "x")), now: at(201))
        #expect(!names(node.turn(now: at(500))).contains("announce"), "it has not been answered yet")
        node.apply(.announced(.success(reply), sentAt: at(200)), now: at(501))
        #expect(names(node.turn(now: at(501))).contains("announce"))
        node.apply(.announced(.success(reply), sentAt: at(501)), now: at(502))
        #expect(!names(node.turn(now: at(5_000))).contains("announce"), "nothing has changed since")
    }

    @Test func `who speaks another version than the ledger does not campaign, and gives back a lease that it has just won`() throws {
        var node = try node("30/6s")
        #expect(names(node.turn(now: at(0))).contains("campaign"))
        node.apply(.foreignVersion(7), now: at(1))
        node.apply(.campaigned(.success(.won(epoch: 4)), sentAt: at(0)), now: at(2))
        let effects = node.turn(now: at(2))
        #expect(effects.contains { if case .resign(4) = $0 { true } else { false } })
        for moment in stride(from: Int64(100), through: 9_000, by: 100) {
            #expect(!names(node.turn(now: at(moment))).contains("campaign"))
        }
    }

    @Test func `after a pull the leader no longer counts on a message that may have been lost`() throws {
        var node = try node("30/6s")
        node.apply(beat(), now: at(0))
        node.apply(waiter(1, deadline: 60_000), now: at(0))
        _ = node.turn(now: at(0))
        node.apply(.pulled(.success(PullReply(stamp: LedgerStamp(time: 1, incarnation: "x"), held: [])), sentAt: at(1)), now: at(2))
        let published = node.turn(now: at(2)).compactMap { if case .publish(let message) = $0 { message } else { nil } }
        #expect(published.map(\.sequence) == [DemandMessage.everySequence])
    }

    @Test func `a node that only hears of a muster when it pulls takes part in it`() throws {
        var node = try node("30/6s")
        node.apply(.subscribed, now: at(0))
        #expect(!names(node.turn(now: at(0))).contains("contribute"))
        // The message was missed while it was not connected, and what it had asked for went with the connection.
        let stamp = LedgerStamp(time: 1, incarnation: "x", muster: MusterNotice(number: 1, remaining: 400_000))
        node.apply(.pulled(.success(PullReply(stamp: stamp, held: [])), sentAt: at(1)), now: at(2))
        #expect(names(node.turn(now: at(2))).contains("contribute"))
    }

    @Test func `a leader whose reserves fail for long does not forget its own waiters`() throws {
        var node = try node("30/6s")
        node.apply(waiter(1, deadline: 60_000), now: at(0))
        _ = node.turn(now: at(0))
        node.apply(.campaigned(.success(.won(epoch: 4)), sentAt: at(0)), now: at(1))
        var asked = 0
        for moment in stride(from: Int64(1), through: 10_000, by: 50) {
            node.apply(.renewed(.success(true), sentAt: at(moment)), now: at(moment))
            for effect in node.turn(now: at(moment)) {
                guard case .reserve(let request, .leading(let epoch)) = effect else { continue }
                if moment > 9_000 { asked += 1 }
                node.apply(.reserved(request, .leading(epoch: epoch), .failure(.notDone), sentAt: at(moment)), now: at(moment))
            }
        }
        #expect(asked > 0)
    }

    @Test func `a cap on requests under way refuses nobody for a window`() throws {
        var node = try node("1000/60s", concurrency: 2, isShared: false)
        let request = ReserveRequest(caller: id, demands: [])
        node.apply(.reserved(request, .direct, .success(reply(free: 0, next: nil)), sentAt: at(0)), now: at(1))
        node.apply(waiter(1, deadline: 5_000), now: at(2))
        #expect(!names(node.turn(now: at(2))).contains("refuse"))
    }

    @Test func `of several limits each counts at its own pace`() throws {
        var node = try node("10/1s", "1000/1d", isShared: false)
        let request = ReserveRequest(caller: id, demands: [])
        node.apply(.reserved(request, .direct, .success(reply(free: 0, next: 500_000)), sentAt: at(0)), now: at(0))
        for number in 1...30 as ClosedRange<UInt64> { node.apply(waiter(number, deadline: 5_000), now: at(1)) }
        // Thirty need some two seconds, not the day's pace.
        #expect(!names(node.turn(now: at(1))).contains("refuse"))
        for number in 31...90 as ClosedRange<UInt64> { node.apply(waiter(number, deadline: 5_001), now: at(1)) }
        #expect(names(node.turn(now: at(1))).contains("refuse"))
    }

    @Test func `who has the earlier deadline does not wait behind those with later ones`() throws {
        var node = try node("1/1s", isShared: false)
        let request = ReserveRequest(caller: id, demands: [])
        node.apply(.reserved(request, .direct, .success(reply(free: 0, next: 500_000)), sentAt: at(0)), now: at(0))
        for number in 1...50 as ClosedRange<UInt64> { node.apply(waiter(number, deadline: 600_000), now: at(1)) }
        node.apply(waiter(51, deadline: 3_000), now: at(1))
        #expect(!names(node.turn(now: at(1))).contains("refuse"))
    }

    @Test func `hostile numbers in messages are no messages`() {
        let huge = "9223372036854775807"
        #expect(BeatMessage(payload: Array("B1 b:2:bbbbbbbb 3 0 0 1 x \(huge) 0".utf8)) == nil)
        #expect(DemandMessage(payload: Array("D1 b:2:bbbbbbbb 3 0 \(huge) 0 1 0 0".utf8)) == nil)
        let grant = GrantMessage(
            incarnation: "x", epoch: 1, time: 2, sequence: 3, stamp: 4, life: 5, items: [.init(mirror: "m", number: 1, count: 2)])
        #expect(GrantMessage(Array(grant.text.utf8)) != nil)
        #expect(GrantMessage(Array(grant.text.replacing("m=1:2", with: "m=1:999999999999").utf8)) == nil)
    }

    /// One call every 0.7 seconds on a node that is alone with a mirror, for 20 seconds from when the mirror's window is full of them:
    /// how often it asks for slots, how many calls wait for that, and when it reports, in ms.
    private func seldom(_ limit: String, nodes: Int = 1) throws -> (reserves: Int, waited: Int, settles: [Int64]) {
        var node = try node(limit, isShared: false)
        node.apply(.counted(liveNodes: nodes), now: at(0))
        let rules = try RateLimit(limit)
        var (open, completed, number, given) = (0 as Int64, [Instant](), 0 as Int64, Set<UInt64>())
        var (reserves, waited, settles) = (0, 0, [Int64]())
        let window = Int64(rules.window / 1_000)
        func status(_ now: Instant) -> [MirrorStatus] {
            let used = Int64(completed.count { now.microseconds(since: $0) < rules.window }) + open
            return [MirrorStatus(free: rules.count - used, inUse: used, nextRelease: nil, pausedFor: 0, sealedFor: 0)]
        }
        for moment in 0..<window + 20_000 {
            let (now, isCounted) = (at(moment), moment >= window)
            if moment % 700 == 0 { node.apply(waiter(UInt64(moment), deadline: 1_000_000, at: moment), now: now) }
            var isDone = false
            while !isDone {
                isDone = true
                for effect in node.turn(now: now) {
                    isDone = false
                    switch effect {
                    case .give(let waiter, let slot):
                        given.insert(waiter)
                        node.apply(.finished(slot, .completed(now), .answered(latency: nil)), now: now)
                    case .reserve(let request, let purpose):
                        reserves += isCounted ? 1 : 0
                        if isCounted, moment % 700 == 0, !given.contains(UInt64(moment)) { waited += 1 }
                        let count = request.demands.reduce(0) { $0 + $1.wanted }
                        (number, open) = (number + 1, open + count)
                        let reply = ReserveReply(
                            stamp: LedgerStamp(time: now.microseconds, incarnation: "x"), outcome: .granted,
                            grants: [[Grant(mirror: 0, number: number, count: count)]], mirrors: status(now))
                        node.apply(.reserved(request, purpose, .success(reply), sentAt: now), now: now)
                    case .settle(let reports):
                        if isCounted { settles.append(moment) }
                        open -= Int64(reports.reduce(0) { $0 + $1.settled.count })
                        completed += reports.flatMap(\.settled.completed.runs).flatMap { repeatElement($0.value, count: $0.count) }
                        let reply = SettleReply(
                            stamp: LedgerStamp(time: now.microseconds, incarnation: "x"), applied: reports.count, foreign: 0,
                            mirrors: status(now))
                        node.apply(.settled(reports, .success(reply)), now: now)
                    default: break
                    }
                }
            }
        }
        return (reserves, waited, settles)
    }

    @Test func `one call now and then is served from what is held ahead, at no more cost, and where that begins nothing goes to and fro`()
        throws
    {
        // 28 calls in 20 seconds; 14 of a window's slots are in use.
        let plenty = try seldom("300/10s")
        #expect(plenty.waited == 0 && (20...30).contains(plenty.reserves) && plenty.settles.count > 20)
        #expect(plenty.settles.allSatisfy { $0 % 800 == 0 }, "reported at ticks")
        for count in 130...138 {
            let edge = try seldom("\(count)/10s")
            #expect(edge.reserves <= 31 && edge.settles.count <= 60, "of \(count): \(edge)")
        }
        let scarce = try seldom("24/10s")
        #expect(scarce.waited == scarce.reserves && (28...29).contains(scarce.reserves))
    }

    @Test func `where nothing is held ahead a completion is reported soon, since each slot is a grant of its own`() throws {
        // Three quarters are free, but not sixteen times as much as all these would hold.
        let apart = try seldom("300/10s", nodes: 20)
        #expect(apart.waited >= 28 && apart.settles.count >= 28)
    }

    /// A node that is alone with a mirror and has been asked for 100 slots a second for a second: with slots held ahead.
    private func steady(concurrency: Int64? = nil) throws -> SlotNode {
        var node = try node("4000/10s", concurrency: concurrency, isShared: false)
        var number: Int64 = 0
        let status = [MirrorStatus(free: 3_900, inUse: 100, nextRelease: nil, pausedFor: 0, sealedFor: 0)]
        for moment in 0...1_000 as ClosedRange<Int64> {
            if moment % 10 == 0 { node.apply(waiter(UInt64(moment), deadline: 1_000_000, at: moment), now: at(moment)) }
            for effect in node.turn(now: at(moment)) {
                let stamp = LedgerStamp(time: at(moment).microseconds, incarnation: "x")
                switch effect {
                case .give(_, let slot): node.apply(.finished(slot, .completed(at(moment)), .answered(latency: nil)), now: at(moment))
                case .reserve(let request, let purpose):
                    number += 1
                    let count = request.demands.reduce(0) { $0 + $1.wanted }
                    let reply = ReserveReply(
                        stamp: stamp, outcome: .granted, grants: [[Grant(mirror: 0, number: number, count: count)]], mirrors: status)
                    node.apply(.reserved(request, purpose, .success(reply), sentAt: at(moment)), now: at(moment))
                case .settle(let reports):
                    let reply = SettleReply(stamp: stamp, applied: reports.count, foreign: 0, mirrors: status)
                    node.apply(.settled(reports, .success(reply)), now: at(moment))
                default: break
                }
            }
        }
        return node
    }

    @Test func `what is held ahead is laid out, comes back less what was taken, and that is reported like everything else`() throws {
        var node = try steady()
        let (before, granted) = (node.inHand, node.figures.granted)
        let lots = node.layOut(now: at(1_001))
        #expect(before >= 30 && node.inHand == 0 && lots.map(\.batch.count).reduce(0, +) == before)
        var tally = ShelfTally()
        tally.layOut(lots)
        let slots = (0..<20).compactMap { _ in tally.take(now: at(1_002))?.slot }
        for slot in slots.prefix(15) { tally.giveBack(slot, at: at(1_003), .answered(latency: nil)) }
        node.apply(.cleared(tally), now: at(1_010))
        #expect(node.inHand == before - 20)
        #expect(node.figures.granted == granted + 20 && node.figures.inFlight == 5)
        var told = 0
        for moment in 1_010...2_000 as ClosedRange<Int64> {
            for case .settle(let reports) in node.turn(now: at(moment)) {
                told += reports.flatMap(\.settled.completed.runs).reduce(0) { $0 + ($1.value >= at(1_001) ? $1.count : 0) }
                let reply = SettleReply(stamp: LedgerStamp(time: 1, incarnation: "x"), applied: reports.count, foreign: 0, mirrors: [])
                node.apply(.settled(reports, .success(reply)), now: at(moment))
            }
        }
        #expect(told == 15)
    }

    @Test func `nothing is laid out while somebody waits or when the node leaves; where a completion makes room at once it is awaited`()
        throws
    {
        var node = try steady()
        node.apply(waiter(5_000, deadline: 60_000, at: 1_001), now: at(1_001))
        #expect(node.layOut(now: at(1_001)).isEmpty)
        var (free, capped) = (ShelfTally(), ShelfTally())
        var other = try steady()
        free.layOut(other.layOut(now: at(1_001)))
        #expect(free.take(now: at(1_001))?.isAwaited == false)
        other = try steady(concurrency: 1_000)
        capped.layOut(other.layOut(now: at(1_001)))
        #expect(capped.take(now: at(1_001))?.isAwaited == true)
        var leaving = try steady()
        leaving.apply(.stopped, now: at(1_001))
        #expect(leaving.layOut(now: at(1_001)).isEmpty)
    }
}

import Foundation
import SluiceCoordination
import SluiceLoop
import Synchronization
import Testing

/// Slots within every thread's reach.
@Suite(.timeLimit(.minutes(10))) struct SlotShelfTests {
    private let start = Instant(microseconds: 1_000_000_000)

    private func at(_ milliseconds: Int64) -> Instant { start.advanced(byMicroseconds: milliseconds * 1_000) }

    private func lot(_ number: Int64, _ count: Int, sendBy: Int64 = 10_000, isAwaited: Bool = false) -> ShelfTally.Lot {
        ShelfTally.Lot(
            SlotBatch(mirror: 0, grant: GrantKey(life: 0, number: number), sendBy: at(sendBy), arrivedAt: start, count: count),
            isAwaited: isAwaited)
    }

    @Test func `slots are taken in their order, and none whose time is over`() {
        var tally = ShelfTally()
        tally.layOut([lot(1, 1), lot(2, 1, sendBy: 5), lot(3, 2)])
        #expect(tally.take(now: at(1))?.slot.grant.number == 1)
        #expect(tally.take(now: at(5))?.slot.grant.number == 3)
        #expect(tally.take(now: at(9))?.slot.grant.number == 3)
        #expect(tally.take(now: at(9)) == nil)
        #expect(tally.lots.map(\.taken) == [1, 0, 2])
        #expect(tally.lots.map(\.batch.count) == [0, 1, 0])
        #expect(tally.lots[2].takenAt == at(5))
    }

    @Test func `requests that ended one after another and fared alike are told as one, which is over when all are`() throws {
        var tally = ShelfTally()
        let (slot, other) = (lot(1, 9).batch.slot, lot(2, 9).batch.slot)
        for moment in [5, 7, 6] as [Int64] { tally.giveBack(slot, at: at(moment), .unknown) }
        tally.giveBack(slot, at: at(8), .answered(latency: nil))
        tally.giveBack(other, at: at(9), .answered(latency: nil))
        #expect(tally.returns.map(\.count) == [3, 1, 1])
        #expect(tally.returns.map(\.at) == [at(7), at(8), at(9)])
        #expect(tally.returns.map(\.since) == [at(5), at(8), at(9)])
    }

    @Test func `many threads take each slot once and give it back once, while the shelf is cleared and laid out again`() {
        let shelf = SlotShelf()
        let (rounds, size) = (400, 50)
        let isOver = Atomic(false)
        let taken = Mutex<[Int64: Int]>([:])
        let group = DispatchGroup()
        for _ in 0..<4 {
            group.enter()
            Thread.detachNewThread {
                var mine: [Int64: Int] = [:]
                while !isOver.load(ordering: .acquiring) {
                    guard let (held, _) = shelf.take(now: self.start) else { continue }
                    mine[held.slot.grant.number, default: 0] += 1
                    _ = shelf.giveBack(held, at: self.start, .unknown)
                }
                taken.withLock { $0.merge(mine) { $0 + $1 } }
                group.leave()
            }
        }
        var told: [Int64: Int] = [:]
        var returned: [Int64: Int] = [:]
        var number: Int64 = 0
        func clear() {
            let tally = shelf.clear()
            for lot in tally.lots { told[lot.batch.grant.number, default: 0] += lot.taken }
            for back in tally.returns { returned[back.slot.grant.number, default: 0] += back.count }
            shelf.layOut(tally.lots.filter { $0.batch.count > 0 }.map { ShelfTally.Lot($0.batch) })
        }
        while number < rounds {
            number += 1
            shelf.layOut([lot(number, size)])
            clear()
        }
        // All of it is taken in the end.
        while told.values.reduce(0, +) < rounds * size { clear() }
        isOver.store(true, ordering: .releasing)
        group.wait()
        clear()
        #expect(told.values.allSatisfy { $0 == size } && told.count == rounds)
        #expect(taken.withLock { $0 } == told)
        #expect(returned == told)
        #expect(shelf.heldCount == 0)
    }

    @Test func `the first who takes or gives back since the shelf was cleared has to tell, and nobody takes from a closed one`() throws {
        let shelf = SlotShelf()
        shelf.layOut([lot(1, 3)])
        let first = try #require(shelf.take(now: start))
        let second = try #require(shelf.take(now: start))
        #expect(first.isNews && !second.isNews)
        _ = shelf.clear()
        shelf.layOut([lot(1, 2)], isWatched: true)
        let third = try #require(shelf.take(now: start))
        #expect(!third.isNews && !shelf.giveBack(third.held, at: start, .unknown).isNews, "who looks in any case need not be told")
        _ = shelf.clear()
        shelf.layOut([lot(1, 1)])
        shelf.close()
        #expect(shelf.take(now: start) == nil)
        let back = (shelf.giveBack(first.held, at: start, .unknown), shelf.giveBack(second.held, at: start, .unknown))
        #expect(back.0.isNews && !back.0.isLast)
        #expect(!back.1.isNews && back.1.isLast, "whoever waits for the last one hears of it")
    }

    @Test func `a slot that is held for long is renewed, whoever took it`() throws {
        let shelf = SlotShelf()
        shelf.layOut([lot(1, 1)])
        let held = try #require(shelf.take(now: start)?.held)
        _ = shelf.hold(lot(2, 1).batch.slot, now: at(600))
        #expect(shelf.dueHolds(now: at(700)).isEmpty)
        #expect(shelf.dueHolds(now: at(800)).map(\.grant.number) == [1])
        #expect(shelf.dueHolds(now: at(1_400)).map(\.grant.number) == [2])
        _ = shelf.giveBack(held, at: at(1_500), .unknown)
        #expect(shelf.dueHolds(now: at(9_000)).map(\.grant.number) == [2])
    }
}

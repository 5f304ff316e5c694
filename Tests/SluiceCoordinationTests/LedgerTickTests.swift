import SluiceCoordination
import SluiceLoop
import Testing

/// When nodes do what can wait.
struct LedgerTickTests {
    private func at(_ microseconds: Int64) -> Instant { Instant(microseconds: microseconds) }

    @Test func `two nodes whose clocks differ tick at the same moment, and find the same tick from either side of it`() {
        var one = LedgerTick()
        var other = LedgerTick()
        one.heard(LedgerStamp(time: 1_000_000_250_000, incarnation: "life"), now: at(7_000))
        other.heard(LedgerStamp(time: 1_000_000_250_000, incarnation: "life"), now: at(900_000_000))
        #expect(one.next(after: at(7_000)) == at(557_000))
        #expect(other.next(after: at(900_000_000)) == at(900_550_000))
        #expect(one.next(after: at(557_000)) == at(557_000))
        #expect(one.next(after: at(557_001)) == at(1_357_000))
        #expect(one.nearest(to: at(556_000)) == at(557_000))
        #expect(one.nearest(to: at(558_000)) == at(557_000))
        #expect(one.nearest(to: at(957_001)) == at(1_357_000))
    }

    @Test func `who cannot tell the time, or hears of no ledger, keeps the ticks that it has`() {
        var tick = LedgerTick()
        tick.heard(LedgerStamp(time: 100_000, incarnation: "life"), now: at(0))
        let known = tick
        tick.heard(LedgerStamp(time: 0, clock: 500_000, isInDoubt: true, incarnation: "life"), now: at(0))
        tick.heard(LedgerStamp(time: 500_000, incarnation: ""), now: at(0))
        #expect(tick == known && tick.next(after: at(0)) == at(700_000))
        // Before anything was heard, and by a clock from before 1970.
        #expect(LedgerTick().next(after: at(1)) == at(LedgerTick.period))
        tick.heard(LedgerStamp(time: -100_000, incarnation: "another life"), now: at(0))
        #expect(tick.next(after: at(0)) == at(100_000))
    }

    @Test func `a reply that took long brings no tick back, and a clock that was put right or runs slow is followed`() {
        var tick = LedgerTick()
        tick.heard(LedgerStamp(time: 100_000, incarnation: "life"), now: at(100_000))
        tick.heard(LedgerStamp(time: 800_500, incarnation: "life"), now: at(1_000_500))
        #expect(tick.next(after: at(1_000_500)) == at(1_600_000))
        for half in Int64(4_000)...200_000 {
            tick.heard(LedgerStamp(time: 500 * half - 50_000, incarnation: "life"), now: at(500 * half + 1_000))
        }
        #expect(tick.next(after: at(100_100_000)) == at(100_851_000))
        tick.heard(LedgerStamp(time: 99_000_000, frame: 1, incarnation: "life"), now: at(100_200_000))
        #expect(tick.next(after: at(100_200_000)) == at(100_400_000))
    }
}

import SluiceCoordination
import SluiceLoop
import Testing

/// What a node holds before anybody asks.
struct SlotStockTests {
    private static let second: Int64 = 1_000_000

    private func at(_ microseconds: Int64) -> Instant { Instant(microseconds: 50 * Self.second + microseconds) }

    /// Ticks at 0, 0.8, 1.6 … seconds.
    private let tick: LedgerTick = {
        var tick = LedgerTick()
        tick.heard(LedgerStamp(time: 0, incarnation: "life"), now: Instant(microseconds: 50 * second))
        return tick
    }()

    /// So many arrivals a second, evenly, for so long.
    private func stock(rate: Int64, microseconds: Int64 = 500_000) -> SlotStock {
        var stock = SlotStock()
        var time: Int64 = 0
        while time < microseconds {
            stock.arrived(now: at(time))
            time += Self.second / rate
        }
        return stock
    }

    @Test func `a steady load is met for a second and a fifth, filled up at each tick, and earlier when a quarter is left`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 1_000_000, nodes: 4, tick: tick, now: at(500_000)) == 1_200, "nothing is there: at once")
        #expect(stock.wanted(spare: 240, free: 1_000_000, nodes: 4, tick: tick, now: at(500_100)) == 1_200, "the wish is told once")
        stock.came(1_200)
        #expect(stock.wanted(spare: 1_199, free: 1_000_000, nodes: 4, tick: tick, now: at(500_200)) == 0)
        #expect(stock.askAt == nil, "it is full")
        #expect(stock.wanted(spare: 599, free: 1_000_000, nodes: 4, tick: tick, now: at(500_400)) == 0, "the tick is still to come")
        #expect(stock.askAt == at(800_000))
        #expect(stock.isHeld(spare: 0, free: 1_000_000, nodes: 4, now: at(500_500)))
        var hurried = stock
        #expect(
            hurried.wanted(spare: 300, free: 1_000_000, nodes: 4, tick: tick, now: at(500_500)) == 900, "it would not last until the tick")
        for arrival in 0..<300 { stock.arrived(now: at(500_500 + Int64(arrival) * 1_000)) }
        #expect(stock.wanted(spare: 900, free: 1_000_000, nodes: 4, tick: tick, now: at(800_000)) == 300, "though most of it is there")
        #expect(stock.askAt == nil, "that is asked for")
    }

    @Test func `what comes in part is asked for in full again only when it is needed`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 1_000_000, nodes: 4, tick: tick, now: at(500_000)) == 1_200)
        stock.came(500)
        #expect(stock.wanted(spare: 500, free: 1_000_000, nodes: 4, tick: tick, now: at(500_100)) == 700)
        stock.came(700)
        #expect(stock.wanted(spare: 1_000, free: 1_000_000, nodes: 4, tick: tick, now: at(500_200)) == 0)
    }

    @Test func `a moment in which nobody could come does not make it begin anew`() {
        var stock = stock(rate: 1_000)
        // Nothing for two tenths of a second, and then all at once who would have come.
        for _ in 0..<200 { stock.arrived(now: at(700_000)) }
        #expect(stock.isSteady(now: at(700_000)))
        #expect(stock.wanted(spare: 400, free: 1_000_000, nodes: 4, tick: tick, now: at(700_000)) == 0)
        #expect(stock.isHeld(spare: 0, free: 1_000_000, nodes: 4, now: at(700_000)))
    }

    @Test func `where there is less to spare the stock lasts shorter`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 12_800, nodes: 4, tick: tick, now: at(500_000)) == 800)
    }

    @Test func `where limits bind nothing is held`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 9_599, nodes: 4, tick: tick, now: at(500_000)) == 0)
        #expect(!stock.isHeld(spare: 0, free: 9_599, nodes: 4, now: at(500_000)))
        #expect(stock.wanted(spare: 0, free: nil, nodes: 1, tick: tick, now: at(500_000)) == 0, "nothing is known")
        #expect(stock.wanted(spare: 0, free: 9_600, nodes: 4, tick: tick, now: at(500_000)) == 600)
    }

    @Test func `what is held is not given back because it is not free any more`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 9_600, nodes: 4, tick: tick, now: at(500_000)) == 600)
        #expect(stock.isHeld(spare: 0, free: 9_000, nodes: 4, now: at(500_000)), "it is under way")
        stock.came(600)
        #expect(stock.isHeld(spare: 600, free: 9_600 - 4 * 600, nodes: 4, now: at(500_000)), "all four have as many")
        #expect(stock.isHeld(spare: 600, free: 4_200, nodes: 4, now: at(500_000)))
        #expect(!stock.isHeld(spare: 600, free: 4_199, nodes: 4, now: at(500_000)), "others need it")
        #expect(!stock.isHeld(spare: 600, free: 0, nodes: 1, now: at(500_000)), "nothing is left for others")
        // A stock of better times does not keep itself.
        #expect(!self.stock(rate: 1_000).isHeld(spare: 1_200, free: 10, nodes: 4, now: at(700_000)))
        // Having gone on with less, it is filled no further than to the least that is worth it.
        #expect(stock.wanted(spare: 150, free: 5_000, nodes: 4, tick: tick, now: at(500_100)) == 450)
    }

    @Test func `a load that becomes less asks for less, though what was asked for has not come`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 1_000_000, nodes: 4, tick: tick, now: at(500_000)) == 1_200)
        for arrival in 0..<60 { stock.arrived(now: at(500_000 + Int64(arrival) * 5_000)) }
        #expect(stock.wanted(spare: 0, free: 1_000_000, nodes: 4, tick: tick, now: at(800_000)) == 240)
    }

    @Test func `what is held ahead is there before it is gone, is sent in time, and reported in time`() throws {
        // What is left of the least stock when it is asked for early outlasts the leader's gathering, with half as long again for the way; of the
        // largest as much is left at a tick.
        #expect(SlotStock.horizon.lowerBound / 4 >= DemandBoard.leisure * 3 / 2)
        #expect(SlotStock.horizon.upperBound * 3 / 4 > LedgerTick.period + DemandBoard.collecting)
        // A slot that waited as long as any, for a request that took all its time, is reported before the ledger gives it up.
        let timeout = 10 * Self.second
        let terms = try LedgerTerms(mirrors: [], hold: 2 * Self.second, requestTimeout: timeout)
        #expect(SlotStock.horizon.upperBound < SlotStock.keep && SlotStock.keep < terms.hold)
        #expect(SlotStock.keep + timeout + SettleBook.longestPatience + Self.second / 2 <= terms.life(hold: terms.hold))
        #expect(terms.hold + timeout + SettleBook.longestPatience + Self.second / 10 <= terms.life(hold: terms.hold))
    }

    @Test func `who asks again and again, be it seldom, finds one in hand, where there is very much to spare`() {
        // Every 0.7 seconds.
        var stock = SlotStock()
        for arrival in 0..<4 { stock.arrived(now: at(Int64(arrival) * 700_000)) }
        #expect(!stock.isSteady(now: at(2_200_000)))
        #expect(!stock.isHeld(spare: 0, free: 255, nodes: 16, now: at(2_200_000)))
        #expect(!stock.isHeld(spare: 0, free: 119, nodes: 1, now: at(2_200_000)), "scarce mirrors")
        #expect(stock.wanted(spare: 0, free: 256, nodes: 16, tick: tick, now: at(2_200_000)) == 1)
        stock.came(1)
        #expect(stock.wanted(spare: 1, free: 256, nodes: 16, tick: tick, now: at(2_200_100)) == 0)
        #expect(stock.isHeld(spare: 1, free: 256, nodes: 16, now: at(2_200_100)))
        #expect(stock.isHeld(spare: 1, free: 127, nodes: 16, now: at(2_200_100)), "others have begun to hold some too")
        #expect(!stock.isHeld(spare: 1, free: 126, nodes: 16, now: at(2_200_100)), "others may need it more")
        #expect(stock.wanted(spare: 0, free: 255, nodes: 16, tick: tick, now: at(2_200_200)) == 0)
        // 20 a second.
        var more = self.stock(rate: 20, microseconds: 2_000_000)
        #expect(more.wanted(spare: 0, free: 1_000_000, nodes: 1, tick: tick, now: at(2_000_000)) == 24)
        #expect(more.wanted(spare: 0, free: 191, nodes: 1, tick: tick, now: at(2_000_100)) == 0)
    }

    @Test func `a burst, one that comes seldom or only twice, and a load that has ended are none`() {
        var burst = SlotStock()
        for _ in 0..<1_000 { burst.arrived(now: at(0)) }
        #expect(burst.wanted(spare: 0, free: 1_000_000, nodes: 1, tick: tick, now: at(150_000)) == 0)
        #expect(burst.wanted(spare: 0, free: 1_000_000, nodes: 1, tick: tick, now: at(900_000)) == 0)
        var seldom = SlotStock()
        for arrival in 0..<4 { seldom.arrived(now: at(Int64(arrival) * 2_000_000)) }
        #expect(seldom.wanted(spare: 0, free: 1_000_000, nodes: 1, tick: tick, now: at(6_000_000)) == 0)
        var over = stock(rate: 1_000, microseconds: 2_000_000)
        #expect(over.isSteady(now: at(2_000_000)))
        #expect(
            over.wanted(spare: 0, free: 1_000_000, nodes: 1, tick: tick, now: at(2_400_000)) <= 60, "the load may have become a slow one")
        #expect(over.wanted(spare: 0, free: 1_000_000, nodes: 1, tick: tick, now: at(4_000_000)) == 0)
        #expect(!over.isHeld(spare: 0, free: 1_000_000, nodes: 1, now: at(4_000_000)))
    }
}

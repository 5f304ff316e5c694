import SluiceCoordination
import SluiceLoop
import Testing

/// What a node holds before anybody asks.
struct SlotStockTests {
    private static let second: Int64 = 1_000_000

    private func at(_ microseconds: Int64) -> Instant { Instant(microseconds: 50 * Self.second + microseconds) }

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

    @Test func `a steady load is met for a second and a fifth, asked for when half of that is gone`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 1_000_000, nodes: 4, now: at(500_000)) == 1_200)
        #expect(stock.wanted(spare: 240, free: 1_000_000, nodes: 4, now: at(500_100)) == 1_200, "the wish is told once")
        #expect(stock.wanted(spare: 1_199, free: 1_000_000, nodes: 4, now: at(500_200)) == 0)
        #expect(stock.wanted(spare: 601, free: 1_000_000, nodes: 4, now: at(500_300)) == 0, "more than half is left")
        #expect(stock.wanted(spare: 599, free: 1_000_000, nodes: 4, now: at(500_400)) == 601)
        #expect(stock.keep(free: 1_000_000, nodes: 4, now: at(500_500)) > NodeQueue.keep)
    }

    @Test func `a moment in which nobody could come does not make it begin anew`() {
        var stock = stock(rate: 1_000)
        // Nothing for two tenths of a second, and then all at once who would have come.
        for _ in 0..<200 { stock.arrived(now: at(700_000)) }
        #expect(stock.isSteady)
        #expect(stock.wanted(spare: 400, free: 1_000_000, nodes: 4, now: at(700_000)) == 0)
        #expect(stock.keep(free: 1_000_000, nodes: 4, now: at(700_000)) > NodeQueue.keep)
    }

    @Test func `where there is less to spare the stock lasts shorter`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 12_800, nodes: 4, now: at(500_000)) == 800)
    }

    @Test func `where limits bind nothing is held`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 9_599, nodes: 4, now: at(500_000)) == 0)
        #expect(stock.wanted(spare: 0, free: 9_600, nodes: 4, now: at(500_000)) == 600)
        #expect(stock.wanted(spare: 0, free: nil, nodes: 1, now: at(500_000)) == 0, "nothing is known")
        #expect(stock.keep(free: 9_599, nodes: 4, now: at(500_000)) == NodeQueue.keep)
    }

    @Test func `a load that becomes less asks for less, though what was asked for has not come`() {
        var stock = stock(rate: 1_000)
        #expect(stock.wanted(spare: 0, free: 1_000_000, nodes: 4, now: at(500_000)) == 1_200)
        for arrival in 0..<60 { stock.arrived(now: at(500_000 + Int64(arrival) * 5_000)) }
        #expect(stock.wanted(spare: 0, free: 1_000_000, nodes: 4, now: at(800_000)) == 240)
    }

    @Test func `what is held ahead is there before it is gone, is sent in time, and reported in time`() throws {
        // Half of the least stock outlasts the leader's gathering, with half as long again for the way.
        #expect(SlotStock.horizon.lowerBound / 2 >= DemandBoard.leisure * 3 / 2)
        // A slot that waited as long as any, for a request that took all its time, is reported before the ledger gives it up.
        let timeout = 10 * Self.second
        let terms = try LedgerTerms(mirrors: [], hold: 2 * Self.second, requestTimeout: timeout)
        #expect(SlotStock.horizon.upperBound < SlotStock.keep && SlotStock.keep < terms.hold)
        #expect(SlotStock.keep + timeout + SettleBook.longestPatience + Self.second / 2 <= terms.life(hold: terms.hold))
        #expect(terms.hold + timeout + SettleBook.longestPatience + Self.second / 10 <= terms.life(hold: terms.hold))
    }

    @Test func `a burst, a slow load and one that has ended are none`() {
        var burst = SlotStock()
        for _ in 0..<1_000 { burst.arrived(now: at(0)) }
        #expect(burst.wanted(spare: 0, free: 1_000_000, nodes: 1, now: at(150_000)) == 0)
        var slow = stock(rate: 40)
        #expect(slow.wanted(spare: 0, free: 1_000_000, nodes: 1, now: at(500_000)) == 0)
        var over = stock(rate: 1_000)
        #expect(over.isSteady)
        #expect(over.wanted(spare: 0, free: 1_000_000, nodes: 1, now: at(900_000)) == 0)
        #expect(over.keep(free: 1_000_000, nodes: 1, now: at(900_000)) == NodeQueue.keep)
    }
}

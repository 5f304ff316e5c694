import SluiceLoop
import Testing

@testable import SluiceCoordination

@Suite(.computing) struct `A mirror's fields` {
    private static let hostile: [Int64] = [.min, .min + 1, -1, 0, 1, 1 << 53, .max - 1, .max]

    @Test func `can be reckoned with, whatever numbers somebody has put into them`() throws {
        let rules = terms(mirror("a", "30/6s", "1000/1d"))
        var random = Seeded(3)
        for _ in 0..<12 {
            let state = (0..<8).map { _ in String(Self.hostile[Int(random.pick(0...7))]) }.joined(separator: " ")
            let conduct = (0..<10).map { _ in String(Self.hostile[Int(random.pick(0...7))]) }.joined(separator: " ")
            let fields = try #require(MirrorFields([Array(state.utf8), [], [], Array(conduct.utf8)]))
            var ledger = try #require(fields.ledger(of: "a", windows: []))
            // What members do with a copy, and with what others remember.
            #expect(ledger.counters.granted - ledger.counters.unsent >= -TextFields.largest)
            let now = 1_700_000_000 * second
            ledger.absorb(ledger.shifted(by: hour), opens: [], at: now)
            ledger.purge(at: now, rules: rules.mirrors[0])
            var forecast = Forecast(
                rules: rules.mirrors, latencies: [0], ledgers: ["a": ledger], time: now, at: Instant(microseconds: 0),
                since: Instant(microseconds: 0))
            #expect(forecast.start(of: 100_000, now: Instant(microseconds: 0)).microseconds >= 0)
        }
    }
}

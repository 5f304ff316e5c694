import SluiceLoop
import Testing

@testable import SluiceRedis

/// The decision alone, without a server.
struct MasterSearchTests {
    private let start = Instant(microseconds: 1_000_000)
    private func server(_ runID: String, isReplica: Bool = false) -> RedisHandshake.Server {
        var server = RedisHandshake.Server(version: "7.0.15", runID: runID, clientID: 1)
        server.isReplica = isReplica
        return server
    }

    @Test func `only another server that is a master is worth moving to`() {
        for (found, isWorth) in [(server("b"), true), (server("a"), false), (server("c", isReplica: true), false), (nil, false)] {
            var search = MasterSearch(minimum: 50_000, maximum: 5_000_000)
            let begins = search.refused(at: start)
            let moves = search.ended(found, present: server("a", isReplica: true), at: start, chance: 0)
            #expect(begins && moves == isWorth)
        }
    }

    @Test func `a replica that stays one is looked up ever more rarely, one look at a time`() {
        var search = MasterSearch(minimum: 50_000, maximum: 5_000_000)
        var now = start
        var waits: [Int64] = []
        var last: Instant?
        // A refused command each millisecond for a minute.
        for _ in 0..<60_000 {
            if search.refused(at: now) {
                if let last { waits.append(now.microseconds(since: last) / 10_000) }
                last = now
                let overlaps = search.refused(at: now)
                let moves = search.ended(server("a", isReplica: true), present: server("a"), at: now, chance: 1.0.nextDown)
                #expect(!overlaps && !moves)
            }
            now = now.advanced(byMicroseconds: 1_000)
        }
        #expect(waits.prefix(9) == [5, 10, 20, 40, 80, 160, 320, 500, 500])
        #expect(waits.count < 20)
        // When nobody has been refused for long, it is another story.
        now = now.advanced(byMicroseconds: 20_000_000)
        let begins = search.refused(at: now)
        _ = search.ended(nil, present: nil, at: now, chance: 1.0.nextDown)
        let soon = search.refused(at: now.advanced(byMicroseconds: 50_000))
        #expect(begins && soon)
    }
}

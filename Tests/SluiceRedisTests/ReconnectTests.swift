import SluiceLoop
import Testing

@testable import SluiceRedis

/// The decision alone, without a server.
struct ReconnectTests {
    private let start = Instant(microseconds: 1_000_000)
    private func machine() -> Reconnect { Reconnect(minimum: 50_000, maximum: 2_000_000) }
    private let refused = RedisError(.notConnected, "refused")

    @Test func `the wait doubles from the minimum to the maximum, and chance takes a part of it`() throws {
        var reconnect = machine()
        let begins = reconnect.start()
        #expect(begins)
        var waits: [Int64] = []
        for _ in 0..<8 {
            let failed = reconnect.failed(refused, at: start, chance: 1.0.nextDown)
            let next = try #require(failed)
            waits.append(next.microseconds(since: start))
            let early = reconnect.due(at: next.advanced(byMicroseconds: -1))
            let due = reconnect.due(at: next)
            #expect(!early && due)
        }
        #expect(zip(waits, [50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000, 2_000_000, 2_000_000]).allSatisfy { abs($0 - $1) <= 1 })
        let next = reconnect.failed(refused, at: start, chance: 0)
        #expect(next == start)
    }

    @Test func `a cause that stays is waited for longer, another as ever`() throws {
        var reconnect = Reconnect(minimum: 50_000, maximum: 200_000, standingMaximum: 5_000_000)
        _ = reconnect.start()
        var waits: [Int64] = []
        for isStanding in Array(repeating: true, count: 9) + [false] {
            let next = reconnect.failed(refused, at: start, chance: 1.0.nextDown, isStanding: isStanding)
            waits.append(try #require(next).microseconds(since: start))
        }
        let expected: [Int64] = [50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000, 3_200_000, 5_000_000, 5_000_000, 200_000]
        #expect(zip(waits, expected).allSatisfy { abs($0 - $1) <= 1 })
    }

    @Test func `only a connection that lasted sets the wait back`() throws {
        var reconnect = machine()
        _ = reconnect.start()
        for _ in 0..<5 { _ = reconnect.failed(refused, at: start, chance: 1) }
        reconnect.connected(at: start)
        #expect(reconnect.lastError == nil)
        let short = reconnect.failed(refused, at: start.advanced(byMicroseconds: 1_000), chance: 1)
        #expect(try #require(short).microseconds(since: start) > 1_000_000)
        reconnect.connected(at: start)
        let long = reconnect.failed(refused, at: start.advanced(byMicroseconds: 2_000_000), chance: 1)
        #expect(try #require(long).microseconds(since: start) == 2_050_000)
    }

    @Test func `a stopped machine does nothing any more`() {
        var reconnect = machine()
        _ = reconnect.start()
        reconnect.stop()
        let next = reconnect.failed(refused, at: start, chance: 0.5)
        let due = reconnect.due(at: .distantFuture)
        #expect(next == nil && !due)
    }

    @Test func `waiting is vain while the password is wrong, and no longer`() {
        var reconnect = machine()
        _ = reconnect.start()
        _ = reconnect.failed(RedisError(.authentication, "no"), at: start, chance: 0)
        #expect(reconnect.standingError?.code == .authentication)
        _ = reconnect.failed(refused, at: start, chance: 0)
        #expect(reconnect.standingError == nil)
    }

    @Test(arguments: [Int64.max / 4, 1, 60_000_000]) func `no setting overflows`(minimum: Int64) {
        var reconnect = Reconnect(minimum: minimum, maximum: Int64.max / 2)
        _ = reconnect.start()
        for _ in 0..<200 { _ = reconnect.failed(refused, at: start, chance: 0.999) }
        #expect(reconnect.failures == 200)
    }
}

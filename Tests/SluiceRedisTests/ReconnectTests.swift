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
        let expected: [Int64] = [50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000, 3_200_000, 5_000_000, 5_000_000, 50_000]
        #expect(zip(waits, expected).allSatisfy { abs($0 - $1) <= 1 }, "\(waits)")
    }

    /// A machine with the waits of `RedisClientOptions`, and what it waits after a failure.
    private struct Waits {
        var reconnect = Reconnect(minimum: 50_000, maximum: 250_000, standingMaximum: 5_000_000)

        mutating func next(_ error: RedisError, at now: Instant, isStanding: Bool = true) throws -> Int64 {
            let next = reconnect.failed(error, at: now, chance: 1, isStanding: isStanding)
            return try #require(next).microseconds(since: now)
        }
    }

    @Test func `a cause that stays is waited for anew, however often there was no connection before`() throws {
        var waits = Waits()
        _ = waits.reconnect.start()
        for _ in 0..<7 { _ = try waits.next(refused, at: start, isStanding: false) }
        waits.reconnect.connected(at: start)
        #expect(try waits.next(refused, at: start) == 50_000)
    }

    @Test func `however long a refusal takes after the login, it is met ever more rarely`() throws {
        var waits = Waits()
        _ = waits.reconnect.start()
        var (now, found) = (start, [Int64]())
        for _ in 0..<9 {
            waits.reconnect.connected(at: now)
            now = now.advanced(byMicroseconds: 10_000_000)
            found.append(try waits.next(refused, at: now))
        }
        #expect(found == [50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000, 3_200_000, 5_000_000, 5_000_000])
    }

    @Test(arguments: [4_999_999, 5_000_000] as [Int64])
    func `what was in force for long sets the wait for a cause that stays back`(span: Int64) throws {
        var waits = Waits()
        _ = waits.reconnect.start()
        for _ in 0..<5 { _ = try waits.next(refused, at: start) }
        waits.reconnect.connected(at: start)
        waits.reconnect.isInForce(at: start)
        #expect(try waits.next(refused, at: start.advanced(byMicroseconds: span)) == (span < 5_000_000 ? 1_600_000 : 50_000))
        // What was in force by one connection says nothing of the next.
        waits.reconnect.connected(at: start)
        let later = start.advanced(byMicroseconds: 100_000_000)
        #expect(try waits.next(refused, at: later) == (span < 5_000_000 ? 3_200_000 : 100_000))
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

import SluiceCoordination
import SluiceHTTP
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Synchronization
import Testing

@testable import Sluice

@Suite("G5, always an answer: mirrors that are slow to accept a connection", .timeLimit(.minutes(10)))
struct SlowConnectTests {
    @Test(arguments: [false, true])
    func `calls are answered by the other mirror as soon as a slot's time is over, and the circuit opens`(shared: Bool) async throws {
        let took = try await Standstill.excused(unless: { $0 < .seconds(8) }) { _ in try await timeBesideStalledMirror(shared: shared) }
        #expect(took > .seconds(1), "some calls were sent to the mirror that stalls")
        // Who waits until curl gives the connection up, and is sent there again, takes ten seconds.
        #expect(took < .seconds(8), "and stayed there no longer than a slot is good for")
    }

    /// How long sixteen calls at once take, beside a mirror that accepts no connection. Its circuit opens, and all others are answered, too.
    private func timeBesideStalledMirror(shared: Bool) async throws -> Duration {
        let redis = shared ? try await RedisServer() : nil
        let stalled = try StalledListener()
        let judges = try await Judges(1, limit: .init(100, per: .seconds(1)))
        var configuration = judges.configuration(redis: redis?.url)
        configuration.mirrors.insert(
            MirrorConfiguration(url: "http://127.0.0.1:\(stalled.port)", name: "stalled", limits: [judges.limit]), at: 0)
        let told = Mutex<[String]>([])
        configuration.log = { line in told.withLock { $0.append(line) } }
        let pool = try await MirrorPool(configuration)
        let begun = Instant.now
        for await (_, result) in pool.get((1...16).map { "/posts/\($0)" }, concurrency: 16) { _ = try result.get() }
        let took = Instant.now.duration(since: begun)
        // A process that stood still itself blames no mirror, and tries again.
        var asked = 16
        try await eventually("its circuit is open", patience: .seconds(300)) {
            if told.withLock({ $0.contains { $0.hasPrefix("mirror stalled fails") } }) { return true }
            try await Task.sleep(for: .milliseconds(500))
            if told.withLock({ $0.contains { $0.hasPrefix("mirror stalled fails") } }) { return true }
            for await (_, result) in pool.get((asked + 1...asked + 16).map { "/posts/\($0)" }, concurrency: 16) { _ = try result.get() }
            asked += 16
            return false
        }
        for await (_, result) in pool.get((asked + 1...asked + 16).map { "/posts/\($0)" }, concurrency: 16) { _ = try result.get() }
        #expect(await judges.requests == asked + 16)
        #expect(await judges.violations == 0)
        await pool.shutDown()
        await redis?.stop()
        await judges.shutDown()
        return took
    }

    @Test(arguments: [false, true])
    func `a call that met it is sent to the other mirror, though it is the only one`(shared: Bool) async throws {
        // A process that stood still itself blames no mirror, and asks it again.
        let granted = try await Standstill.excused(unless: { $0 == [1, 1] }) { _ in try await grantsBesideStalledMirror(shared: shared) }
        #expect(granted == [1, 1], "it was sent to the mirror that stalls again")
    }

    /// How many slots of each mirror one call takes, when the first accepts no connection.
    private func grantsBesideStalledMirror(shared: Bool) async throws -> [Int64] {
        let redis = shared ? try await RedisServer() : nil
        let stalled = try StalledListener()
        let judges = try await Judges(1, limit: .init(50, per: .seconds(60)))
        var configuration = judges.configuration(redis: redis?.url)
        // Though the one that stalls has twice as much to give.
        configuration.mirrors.insert(
            MirrorConfiguration(url: "http://127.0.0.1:\(stalled.port)", name: "stalled", limits: [.init(100, per: .seconds(60))]), at: 0)
        let pool = try await MirrorPool(configuration)
        #expect(try await pool.get("/posts/1").status == 200)
        let state = try await pool.core.ledger.inspect()
        await pool.shutDown()
        await redis?.stop()
        await judges.shutDown()
        return state.mirrors.map(\.counters.granted)
    }

    @Test func `where there is no other mirror each error says that no connection came about`() async throws {
        let stalled = try StalledListener()
        var configuration = PoolConfiguration(mirrors: [
            MirrorConfiguration(url: "http://127.0.0.1:\(stalled.port)", name: "stalled", limits: [.init(100, per: .seconds(1))])
        ])
        configuration.deadline = .seconds(5)
        let pool = try await MirrorPool(configuration)
        // Some use up their time connecting, some wait for the mirror to come back.
        await withTaskGroup(of: SluiceError?.self) { group in
            for id in 1...4 {
                group.addTask {
                    do throws(SluiceError) {
                        _ = try await pool.send(PoolRequest(method: "GET", path: "/posts/\(id)"))
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for await error in group {
                let text = error?.description ?? "somebody answered"
                // "did not accept a connection within", "while connecting", "within the connect timeout": by what ended first.
                #expect(text.contains("connect"), "\(text)")
            }
        }
        await pool.shutDown()
    }

    @Test func `callers that wait for a connection of their own process blame no mirror`() async throws {
        // More than the connections to one origin, and answers that take longer than a slot may wait.
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)), latency: "3000ms")
        var configuration = judges.configuration()
        let told = Mutex<[String]>([])
        configuration.log = { line in told.withLock { $0.append(line) } }
        let pool = try await MirrorPool(configuration)
        for await (_, result) in pool.get((1...72).map { "/posts/\($0)" }, concurrency: 72) { #expect(try result.get().status == 200) }
        #expect(told.withLock { $0 } == [], "its circuit never opened")
        #expect(await judges.requests == 72)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a mirror is to blame when it had a fair time to accept a connection, and we were awake to see it`() {
        func error(since: Int64?, endedAt: Int64) -> HTTPError {
            HTTPError(
                code: .lateStart, message: "late", wasSent: false, endedAt: Instant(microseconds: endedAt),
                connectingSince: since.map { Instant(microseconds: $0) })
        }
        let sendBy = Instant(microseconds: 10_000_000)
        #expect(LateStart.isMirrorsFault(error(since: 8_000_000, endedAt: 10_001_000), sendBy: sendBy))
        #expect(LateStart.isMirrorsFault(error(since: 9_000_000, endedAt: 10_001_000), sendBy: sendBy))
        #expect(!LateStart.isMirrorsFault(error(since: 9_600_000, endedAt: 10_001_000), sendBy: sendBy), "a slot from stock, too old")
        #expect(!LateStart.isMirrorsFault(error(since: nil, endedAt: 10_001_000), sendBy: sendBy), "it waited for our own connection")
        #expect(!LateStart.isMirrorsFault(error(since: 8_000_000, endedAt: 12_000_000), sendBy: sendBy), "we stood still")
    }
}

import Sluice
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Synchronization
import Testing

/// Answers that many ask for are refreshed before they end, with slots that nobody wants.
@Suite(.timeLimit(.minutes(10)), .serialized) struct RefreshTests {
    private func configuration(_ judges: Judges, redis: RedisServer, life: Duration) -> PoolConfiguration {
        var configuration = judges.configuration(redis: redis.url)
        configuration.cache.fresh = life
        configuration.cache.stale = .zero
        return configuration
    }

    /// Asks every 5 ms until it is enough; every answer.
    private func askOften(
        _ path: String, of pool: MirrorPool, on loop: EventLoop, until isEnough: @Sendable () async throws -> Bool
    ) async throws -> [Answer] {
        var answers: [Answer] = []
        let patience = Instant.now.advanced(by: .seconds(240))
        while try await !isEnough() {
            answers.append(try await pool.get(path))
            try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 5_000))
            guard Instant.now < patience else { throw Impatience(answers: answers.count) }
        }
        return answers
    }

    private static func refreshes(_ pools: [MirrorPool]) -> UInt64 { pools.reduce(0) { $0 + $1.statistics.refreshes } }

    /// Whether the crowd is to go.
    private final class Crowding: Sendable {
        private let over = Atomic(false)
        var isOver: Bool { over.load(ordering: .relaxed) }
        func end() { over.store(true, ordering: .relaxed) }
    }

    private struct Impatience: Error { let answers: Int }

    @Test(arguments: [1, 2]) func `an answer that is asked for all the time never ends, for one request a life, however many processes ask`(
        _ count: Int
    ) async throws {
        // A life's last fifth is what a refresh has. A machine that stands still for as long lets an answer end; then a longer life is tried.
        let course = try await Standstill.excused(unless: \.isSmooth) { run in
            try await self.course(of: run == 0 ? .seconds(8) : .seconds(30), count)
        }
        #expect(course.waits == 0, "somebody waited for a mirror")
        #expect(course.old == 0, "an answer was given after its end")
        #expect(course.requests <= course.most, "\(course.requests) requests in \(course.elapsed)")
        #expect(course.refreshes == course.requests - 1)
    }

    /// What became of an answer that was asked for all the time until it was refreshed twice.
    private struct Course {
        /// Answers that somebody waited for, after the first, and answers that were no longer fresh.
        var waits, old: Int
        var requests, refreshes: Int
        /// Requests when each life's last fifth brings one.
        var most: Int
        var elapsed: Duration

        var isSmooth: Bool { waits == 0 && old == 0 && requests <= most && refreshes == requests - 1 }
    }

    private func course(of life: Duration, _ count: Int) async throws -> Course {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)), latency: "20ms")
        let redis = try await RedisServer()
        var made: [MirrorPool] = []
        for _ in 0..<count { made.append(try await MirrorPool(configuration(judges, redis: redis, life: life))) }
        let pools = made
        let started = Instant.now
        var answers = [try await pools[0].get("/posts/1")]
        try await withThrowingTaskGroup(of: [Answer].self) { group in
            for pool in pools {
                group.addTask { try await askOften("/posts/1", of: pool, on: judges.loop) { Self.refreshes(pools) >= 2 } }
            }
            for try await some in group { answers += some }
        }
        let elapsed = Instant.now.duration(since: started)
        let course = Course(
            waits: answers.dropFirst().count { $0.source != .memory && $0.source != .redis },
            old: answers.count { $0.isStale || $0.age >= life },
            requests: await judges.requests, refreshes: Int(Self.refreshes(pools)), most: Int(elapsed / (life * 4 / 5)) + 1,
            elapsed: elapsed)
        print(
            "refresh ahead, \(count) processes: \(answers.count) answers in \(elapsed), \(course.requests) requests, \(course.waits) waited"
        )
        for pool in pools { await pool.shutDown() }
        await redis.stop()
        await judges.shutDown()
        return course
    }

    @Test func `while callers want every slot nothing is refreshed, and once they are gone refreshes go on`() async throws {
        let judges = try await Judges(1, limit: .init(10, per: .seconds(1)))
        let redis = try await RedisServer()
        let hot = try await MirrorPool(configuration(judges, redis: redis, life: .seconds(3)))
        let busy = try await MirrorPool(configuration(judges, redis: redis, life: .seconds(8)))
        let crowding = Crowding()
        let crowd = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                // More than are served at once when a machine that stood still goes on: some always wait.
                for caller in 0..<24 {
                    group.addTask {
                        var number = 0
                        while !crowding.isOver {
                            number += 1
                            _ = try await busy.get("/posts/2?x=\(caller)-\(number)")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        // Only what is asked for while the crowd waits counts.
        try await eventually("request 24") { await judges.requests >= 24 }
        var lives = 0
        _ = try await askOften("/posts/1", of: hot, on: judges.loop) { hot.statistics.misses >= 3 }
        lives = Int(hot.statistics.misses)
        #expect(hot.statistics.refreshes == 0, "a refresh took a slot that somebody wanted")
        crowding.end()
        try await crowd.value
        let answers = try await askOften("/posts/1", of: hot, on: judges.loop) { hot.statistics.refreshes >= 1 }
        #expect(answers.count > 0)
        #expect(await judges.violations == 0)
        print("saturated: \(lives) lives of an answer ended, none was refreshed ahead; then \(hot.statistics.refreshes)")
        await hot.shutDown()
        await busy.shutDown()
        await redis.stop()
        await judges.shutDown()
    }
}

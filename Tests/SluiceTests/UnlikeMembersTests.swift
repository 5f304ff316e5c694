import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Testing

@testable import Sluice

/// Processes of one pool whose mirrors or time-outs differ: who cannot use what the leader grants reserves for itself, and neither loses
/// anything by it.
@Suite(.timeLimit(.minutes(10))) struct UnlikeMembersTests {
    @Test func `a mirror that only one process knows is used while the leader's are used up`() async throws {
        let redis = try await RedisServer()
        let judges = try await Judges(2, limit: .init(2, per: .seconds(60)))
        let both = judges.configuration(redis: redis.url)
        var first = both
        first.mirrors.removeLast()
        let leader = try await MirrorPool(first)
        for id in 1...2 { _ = try await leader.get("/posts/\(id)") }
        let other = try await MirrorPool(both)
        // Until it has heard who leads, and what is free there.
        try await eventually("its role") { await other.core.coordinator.snapshot.role == "direct" }
        try await Task.sleep(for: .seconds(1))
        for id in 3...4 {
            #expect(try await other.get("/posts/\(id)", options: CallOptions(deadline: .seconds(30))).status == 200)
        }
        #expect(await judges.mirrors[1].stats.requests == 2)
        await leader.shutDown()
        await other.shutDown()
        await judges.shutDown()
        await redis.stop()
    }

    @Test func `a process that comes without the leader's mirror takes none of its slots`() async throws {
        let redis = try await RedisServer()
        let judges = try await Judges(2, limit: .init(10, per: .seconds(60)))
        var first = judges.configuration(redis: redis.url)
        var second = first
        first.mirrors.removeLast()
        second.mirrors.removeFirst()
        let leader = try await MirrorPool(first)
        try await eventually("a leader") { await leader.core.coordinator.snapshot.role == "leader" }
        // Each asks before it has heard of the leader, or soon after.
        for id in 1...10 {
            let other = try await MirrorPool(second)
            #expect(try await other.get("/posts/\(id)").status == 200)
            await other.shutDown()
        }
        let granted = try await leader.core.ledger.inspect().mirrors.map { $0.counters.granted }
        #expect(granted == [0])
        for id in 11...20 {
            #expect(try await leader.get("/posts/\(id)", options: CallOptions(deadline: .seconds(10))).status == 200)
        }
        await leader.shutDown()
        await judges.shutDown()
        await redis.stop()
    }

    @Test func `a process with a longer time-out than the leader's has its slots from the ledger, and gives none back unused`() async throws
    {
        let redis = try await RedisServer()
        let judges = try await Judges(1, limit: .init(20, per: .seconds(1)))
        let first = judges.configuration(redis: redis.url)
        var second = first
        second.timeout = first.timeout + .seconds(20)
        let leader = try await MirrorPool(first)
        try await eventually("a leader") { await leader.core.coordinator.snapshot.role == "leader" }
        let other = try await MirrorPool(second)
        try await eventually("its role") { await other.core.coordinator.snapshot.role == "direct" }
        for id in 1...5 { #expect(try await other.get("/posts/\(id)").status == 200) }
        // A slot or two more than that may be held ahead.
        let granted = try await leader.core.ledger.inspect().mirrors[0].counters.granted
        #expect((5...100).contains(granted), "\(granted)")
        await leader.shutDown()
        await other.shutDown()
        await judges.shutDown()
        await redis.stop()
    }

    @Test func `pools of one name in two databases of one Redis have nothing to do with each other`() async throws {
        let redis = try await RedisServer()
        var judges: [Judges] = []
        var pools: [MirrorPool] = []
        for database in 0...1 {
            let judge = try await Judges(1, limit: .init(20, per: .seconds(2)), latency: "400ms")
            judges.append(judge)
            for _ in 0..<3 {
                var configuration = judge.configuration(redis: "\(redis.url)/\(database)")
                configuration.mirrors[0].name = "api"
                pools.append(try await MirrorPool(configuration))
            }
        }
        for database in 0...1 {
            try await eventually("a leader in each") {
                for pool in pools[(database * 3)..<(database * 3 + 3)] where await pool.core.coordinator.snapshot.role == "leader" {
                    return true
                }
                return false
            }
        }
        let failures = await withTaskGroup(of: [String].self) { group in
            for (place, pool) in pools.enumerated() {
                group.addTask {
                    let paths = (1...30).map { "/posts/\($0)?of=\(place)" }
                    var failures: [String] = []
                    for await (_, result) in pool.get(paths, concurrency: 20, options: CallOptions(deadline: .seconds(60))) {
                        if case .failure(let error) = result { failures.append("\(error)") }
                    }
                    return failures
                }
            }
            return await group.reduce([], +)
        }
        #expect(failures.isEmpty, "\(failures.prefix(3))")
        for judge in judges {
            #expect(await judge.violations == 0)
            #expect(await judge.requests == 90)
        }
        for pool in pools { await pool.shutDown() }
        for judge in judges { await judge.shutDown() }
        await redis.stop()
    }
}

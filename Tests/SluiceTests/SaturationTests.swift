import Sluice
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Testing

@Suite(.timeLimit(.minutes(10))) struct SaturationTests {
    @Test func `saturated, no mirror sees more than its limit and hardly a slot is wasted`() async throws {
        let judges = try await Judges(limit: .init(20, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        let started = Instant.now
        var answered = 0
        for await (_, result) in pool.get((1...200).map { "/posts/\($0)" }, concurrency: 64) {
            _ = try result.get()
            answered += 1
        }
        let elapsed = Instant.now.duration(since: started)
        #expect(answered == 200)
        #expect(await judges.violations == 0)
        #expect(await judges.requests == 200)
        print("saturated, embedded: 200 requests at 40 a second took \(elapsed), ideal 4 s")
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `saturated through a leader, by three nodes, no mirror sees more than its limit`() async throws {
        let judges = try await Judges(limit: .init(20, per: .seconds(1)))
        let redis = try await RedisServer()
        let configuration = judges.configuration(redis: redis.url)
        let pools = [
            try await MirrorPool(configuration), try await MirrorPool(configuration), try await MirrorPool(configuration),
        ]
        let started = Instant.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, pool) in pools.enumerated() {
                group.addTask {
                    let paths = (1...210).filter { $0 % 3 == index }.map { "/todos/\($0 % 200 + 1)?x=\($0)" }
                    for await (_, result) in pool.get(paths, concurrency: 32) { _ = try result.get() }
                }
            }
            try await group.waitForAll()
        }
        print("saturated, 3 nodes: 210 requests at 40 a second took \(Instant.now.duration(since: started)), ideal 5 s")
        #expect(await judges.violations == 0)
        #expect(await judges.requests == 210)
        for pool in pools { await pool.shutDown() }
        await redis.stop()
        await judges.shutDown()
    }
}

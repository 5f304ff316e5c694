import Sluice
import SluiceHarness
import SluiceLoop
import Testing

/// A Redis without room (`maxmemory`, noeviction): what the pool needs to keep its promises is bounded and goes on being written;
/// answers are not.
@Suite(.timeLimit(.minutes(10))) struct FullRedisTests {
    @Test func `while Redis is full calls go on within the limits, nothing more is stored, and the figures say so`() async throws {
        let judges = try await Judges(limit: .init(10, per: .milliseconds(500)))
        let redis = try await RedisServer()
        let configuration = judges.configuration(redis: redis.url)
        let pools = [try await MirrorPool(configuration), try await MirrorPool(configuration)]
        _ = try await pools[0].get("/posts/1")
        try await redis.cli("CONFIG", "SET", "maxmemory", "1")
        #expect(try await redis.cli("SET", "probe", "1").hasPrefix("OOM"))
        // What is there is served, by both; what is not is fetched, more of it than one window allows.
        for pool in pools { #expect(try await pool.get("/posts/1").status == 200) }
        for await (path, result) in pools[0].get((2...50).map { "/posts/\($0)" }, concurrency: 8) {
            #expect(try result.get().status == 200, "\(path)")
        }
        #expect(try await pools[1].get("/posts/2").status == 200)
        #expect(await judges.requests == 51)
        #expect(await judges.violations == 0)
        #expect(pools[0].statistics.fillsFailed == 49 && pools[1].statistics.fillsFailed == 1)
        // A newcomer joins, and is told by the metrics what is wrong.
        let late = try await MirrorPool(configuration)
        #expect(try await late.get("/posts/3").status == 200)
        let patience = Instant.now.advanced(by: .seconds(20))
        var told: [String] = []
        while told != ["49", "1", "1"], Instant.now < patience {
            told = []
            for pool in pools + [late] {
                told.append(try await redis.cli("HGET", "sluice:{default}:metrics:node:\(pool.node)", "fills_failed"))
            }
        }
        #expect(told == ["49", "1", "1"])
        try await redis.cli("CONFIG", "SET", "maxmemory", "0")
        _ = try await pools[0].get("/posts/4")
        #expect(try await pools[1].get("/posts/4").source == .redis)
        for pool in pools + [late] { await pool.shutDown() }
        await redis.stop()
        await judges.shutDown()
    }
}

import Sluice
import SluiceHarness
import Testing

/// The clock of Redis' host was set back: what died before does not live on for as long as that.
@Suite(.timeLimit(.minutes(10))) struct ClockSetBackTests {
    @Test func `a leader that died before is succeeded after its lease, and who died is counted as live no more`() async throws {
        let judges = try await Judges(1, limit: .init(30, per: .seconds(1)))
        var options = RedisServerOptions()
        options.hasSettableClock = true
        let server = try await RedisServer(options)
        try await server.cli("SET", "sluice:{default}:leader", "ghost:1:aaaaaaaa", "PX", "2000")
        let now = try #require(Int64(try await server.cli("TIME").prefix { $0 != "\n" }))
        try await server.cli("ZADD", "sluice:{default}:nodes", "\(now * 1_000)", "ghost:1:aaaaaaaa")
        try await server.stepClock(by: .seconds(-3_600 * 5))
        let pool = try await MirrorPool(judges.configuration(redis: server.url))
        try await eventually("another leads") {
            try await !["", "ghost:1:aaaaaaaa"].contains(server.cli("GET", "sluice:{default}:leader"))
        }
        try await eventually("it is alone") { try await server.cli("ZCARD", "sluice:{default}:nodes") == "1" }
        await pool.shutDown()
        await server.kill()
        await judges.shutDown()
    }
}

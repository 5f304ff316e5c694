import Sluice
import SluiceHarness
import Testing

/// One request answers all who want the same; it waits for its slot as the most urgent of them would.
@Suite(.timeLimit(.minutes(10))) struct JoinedPriorityTests {
    @Test(arguments: [false, true]) func `a crawler's request is served first once somebody urgent wants it too`(redis: Bool) async throws {
        let judges = try await Judges(1, limit: .init(2, per: .seconds(3)))
        let server = redis ? try await RedisServer() : nil
        var configuration = judges.configuration(redis: server?.url)
        configuration.deadline = .seconds(120)
        let pool = try await MirrorPool(configuration)
        for id in 1...2 { _ = try await pool.get("/posts/\(id)") }
        let crawler = Task { try await pool.get("/posts/10", options: CallOptions(priority: .low)) }
        let crowd = (11...18).map { id in Task { try await pool.get("/posts/\(id)") } }
        // All of them wait; the next slots come seconds after the first.
        try await Task.sleep(for: .milliseconds(100))
        _ = try await pool.get("/posts/10", options: CallOptions(priority: .high))
        // The two slots that came next, and two more if this test was late to look.
        #expect(await judges.requests <= 2 + 4)
        _ = try await crawler.value
        for task in crowd { _ = try await task.value }
        #expect(await judges.requests == 2 + 9)
        #expect(await judges.violations == 0)
        await pool.shutDown()
        await server?.stop()
        await judges.shutDown()
    }
}

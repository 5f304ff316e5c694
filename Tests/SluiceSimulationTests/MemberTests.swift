import SluiceCoordination
import SluiceSimulation
import Testing

/// Members of one pool that are configured differently.
@Suite(.timeLimit(.minutes(10))) struct MemberTests {
    @Test func `seeds whose members are configured differently hold`() {
        var differing = 0
        for seed in stride(from: 1, through: 57, by: 8) as StrideThrough<UInt64> {
            let scenario = Scenario.random(seed: seed)
            if scenario.configured.contains(where: { $0 != nil }) { differing += 1 }
            #expect(Simulation(scenario).run().broken.isEmpty, "play it again: deploy/simulate --seed \(seed)")
        }
        #expect(differing > 4)
    }

    @Test func `while a stricter member is there all go by its limit, and before by their own`() throws {
        var scenario = Scenario(seed: 1, mirrors: [try MirrorRules(name: "a", limits: [try RateLimit("20/2s")])])
        scenario.nodes = 3
        scenario.callers = 10
        scenario.mirrorLatency = 500...5_000
        scenario.length = 20_000_000
        scenario.configurations = [[try MirrorRules(name: "a", limits: [try RateLimit("5/2s")])]]
        let lax = Simulation(scenario).run()
        #expect(lax.broken.isEmpty && lax.worst?.count == 20)
        scenario.configured = [nil, nil, 0]
        let strict = Simulation(scenario).run()
        #expect(strict.broken.isEmpty)
        // Some were granted before the stricter one was heard of; then it is a quarter of what it was.
        #expect(strict.requests < lax.requests / 2 && strict.requests > lax.requests / 6)
    }
}

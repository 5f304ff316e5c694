import SluiceCoordination
import SluiceSimulation
import Testing

/// G3: one request per need, in the product's own flights.
@Suite(.timeLimit(.minutes(10))) struct NeedTests {
    /// Many processes, few keys that run out often, and nothing that goes wrong.
    private func quiet(seed: UInt64) throws -> Scenario {
        var scenario = Scenario(seed: seed, mirrors: [try MirrorRules(name: "a", limits: [try RateLimit("60/1s")])])
        scenario.nodes = 6
        scenario.callers = 5
        scenario.keys = 3
        scenario.keyed = 1
        scenario.freshness = 100...900
        scenario.deadline = 20_000_000...20_000_000
        scenario.length = 10_000_000
        return scenario
    }

    @Test func `however many processes miss a key at once, one request is sent for each need`() throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            let outcome = Simulation(try quiet(seed: seed)).run()
            #expect(outcome.broken.isEmpty)
            #expect(outcome.needs.met > 20 && outcome.needs.answered > 1_000)
            #expect(outcome.needs.sent == outcome.needs.met && outcome.needs.extra.isEmpty, "\(outcome.needs)")
            #expect(outcome.requests == outcome.needs.met)
        }
    }

    @Test func `a holder who dies or stands still costs one request more at most`() throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            for fault in [Scenario.Fault.crash(node: 1, restartAfter: 1_000_000), .freeze(node: 1, for: 4_000_000)] {
                var scenario = try quiet(seed: seed)
                scenario.keys = 1
                scenario.mirrorLatency = 200_000...1_500_000
                scenario.faults = [(4_000_000, fault)]
                let outcome = Simulation(scenario).run()
                #expect(outcome.broken.isEmpty)
                #expect(outcome.needs.sent <= outcome.needs.met + 1, "\(outcome.needs)")
            }
        }
    }

    @Test func `seeds with keys hold, and meet their needs`() {
        var needs = NeedAudit()
        for seed in stride(from: 3, through: 27, by: 4) as StrideThrough<UInt64> {
            let outcome = Simulation(.random(seed: seed)).run()
            #expect(outcome.broken.isEmpty, "play it again: deploy/simulate --seed \(seed)")
            needs.add(outcome.needs)
        }
        #expect(needs.met > 50)
        #expect(needs.sent == needs.met + needs.extra.values.reduce(0, +))
    }

    @Test func `who calls after a change was heard of gets nothing older, even when a fill's fate is unknown`() {
        // It was: seed 299 gave what had been fetched before, to those who called after.
        #expect(Simulation(.random(seed: 299)).run().broken.isEmpty)
    }
}

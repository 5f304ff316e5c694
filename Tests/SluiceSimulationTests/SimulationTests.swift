import SluiceCoordination
import SluiceSimulation
import Testing

@Suite(.timeLimit(.minutes(5))) struct SimulationTests {
    @Test func `no seed breaks a guarantee`() {
        for seed in 1...40 as ClosedRange<UInt64> {
            let outcome = Simulation(.random(seed: seed)).run()
            #expect(outcome.broken.isEmpty, "play it again: deploy/simulate --seed \(seed)")
        }
    }

    @Test func `the same seed gives the same run, event for event`() {
        let first = Simulation(.random(seed: 7), keepsTrace: true).run()
        let second = Simulation(.random(seed: 7), keepsTrace: true).run()
        #expect(!first.trace.isEmpty)
        #expect(first.trace == second.trace)
    }

    @Test func `saturated and undisturbed, at least 97 % of what the limits allow is started`() throws {
        var scenario = Scenario(seed: 1, mirrors: try [Self.mirror("a", "30/6s"), Self.mirror("b", "30/6s")])
        scenario.nodes = 4
        scenario.callers = 40
        scenario.mirrorLatency = 500...1_000
        scenario.deadline = 60_000_000...60_000_000
        // Up to just after a release: the last window counts in full.
        scenario.length = 60_000_000 + 300_000
        let outcome = Simulation(scenario).run()
        #expect(outcome.broken.isEmpty)
        #expect(outcome.utilisation >= 0.97)
        #expect(outcome.elections == 1)
    }

    /// A scenario in which one missing defence must show, and which holds with all of them.
    struct Trial: CustomTestStringConvertible, Sendable {
        let weakness: Scenario.Weakness
        let prepare: @Sendable (inout Scenario) -> Void
        var testDescription: String { weakness.rawValue }
    }

    static let trials: [Trial] = [
        Trial(weakness: .anchoredAtGrant) { $0.mirrorLatency = 500...1_900_000 },
        Trial(weakness: .noSendBy) { scenario in
            scenario.pause = 0...1_500_000
            scenario.faults = [(2_500_000, .freeze(node: 0, for: 9_000_000))]
        },
        Trial(weakness: .noAbortGuard) { scenario in
            scenario.mirrorLatency = 500...3_900_000
            scenario.timeout = 1_000_000
        },
        Trial(weakness: .silentSecondSend) { _ in },
        Trial(weakness: .noClockBounds) { scenario in
            for second in 1...8 as ClosedRange<Int64> { scenario.faults.append((second * 2_100_000, .clockStep(by: 3_600_000_000))) }
        },
        Trial(weakness: .noMemoryOfData) { scenario in
            for second in 1...5 as ClosedRange<Int64> { scenario.faults.append((second * 3_100_000, .dataLoss)) }
        },
    ]

    @Test(arguments: trials) func `a missing defence shows at the judge, and with it nothing does`(_ trial: Trial) throws {
        var scenario = Scenario(seed: 3, mirrors: try [Self.mirror("a", "20/2s")])
        scenario.callers = 12
        scenario.deadline = 30_000_000...30_000_000
        trial.prepare(&scenario)
        var broken = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            scenario.seed = seed
            scenario.weaknesses = []
            #expect(Simulation(scenario).run().broken.isEmpty)
            scenario.weaknesses = [trial.weakness]
            broken += Simulation(scenario).run().broken.count
        }
        #expect(broken > 0)
    }

    private static func mirror(_ name: String, _ limit: String) throws -> MirrorRules {
        try MirrorRules(name: name, limits: [try RateLimit(limit)])
    }
}

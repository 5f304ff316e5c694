import SluiceCoordination
import SluiceSimulation
import Testing

@Suite(.timeLimit(.minutes(10))) struct SimulationTests {
    @Test func `no seed breaks a guarantee`() {
        for seed in 1...20 as ClosedRange<UInt64> {
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

    @Test func `seeds reach up to 64 nodes and 8 mirrors, and every kind of fault`() {
        let scenarios = (1...2_000 as ClosedRange<UInt64>).map { Scenario.random(seed: $0) }
        #expect(scenarios.map(\.nodes).min() == 1)
        #expect(scenarios.map(\.nodes).max() == 64)
        #expect(Set(scenarios.map(\.mirrors.count)) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(Set(scenarios.flatMap(\.mirrors).map(\.limits.count)) == [1, 2, 3])
        let kinds = Set(scenarios.flatMap(\.faults).map { String(describing: $0.fault).prefix { $0 != "(" } })
        let all: Set<Substring> = [
            "crash", "freeze", "partition", "redisDown", "dataLoss", "rollback", "clockStep", "mirrorDead", "mirrorOdd", "leave",
        ]
        #expect(kinds == all)
        let steps = scenarios.flatMap(\.faults).compactMap { if case .clockStep(let span) = $0.fault { span } else { nil } }
        #expect(steps.min() == -3_600_000_000 && steps.max() == 3_600_000_000)
        #expect(steps.contains { abs($0) < 10_000 })
        #expect(scenarios.map { $0.redisLatency.upperBound }.max()! > 2_000_000, "over the client's timeout")
        #expect(scenarios.contains { $0.mirrorLatency.upperBound > 2 * $0.timeout }, "over the requests' timeout")
        #expect(scenarios.map(\.skew).max() == 400)
        let manners = scenarios.flatMap(\.manners)
        for manner in [\MirrorManner.hangsUpBefore, \.hangsUpAfter, \.hangs, \.fails, \.refuses, \.redirects] {
            #expect(manners.contains { $0[keyPath: manner] > 0 })
        }
        #expect(manners.contains { $0.slowness > 1 })
    }

    @Test func `from idle to ten times what is allowed is wanted`() {
        let loads = (1...2_000 as ClosedRange<UInt64>).map { Scenario.random(seed: $0) }.filter { !$0.isSaturated }.map { scenario in
            let rest = Double(scenario.rest.upperBound) / 2e6
            return (share: rest == 0 ? .infinity : Double(scenario.nodes * scenario.callers) / rest / scenario.allowedRate, scenario)
        }
        #expect(loads.contains { $0.share < 0.03 })
        #expect(loads.contains { $0.share > 9.5 && $0.share < 10.5 })
    }

    @Test func `saturated and undisturbed, at least 99 % of what the limits allow is started`() throws {
        var scenario = Scenario(seed: 1, mirrors: try [Self.mirror("a", "30/6s"), Self.mirror("b", "30/6s")])
        scenario.nodes = 4
        scenario.callers = 40
        scenario.mirrorLatency = 500...1_000
        scenario.deadline = 60_000_000...60_000_000
        // Up to just after a release: the last window counts in full.
        scenario.length = 60_000_000 + 300_000
        let outcome = Simulation(scenario).run()
        #expect(outcome.broken.isEmpty)
        #expect(outcome.utilisation >= 0.99)
        #expect(outcome.elections == 1)
    }

    @Test(arguments: [4, 15]) func `equal nodes get equal shares over ten windows`(nodes: Int) throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            let outcome = Simulation(.equal(nodes: nodes, limit: try RateLimit("60/6s"), seed: seed)).run()
            print("Jain's index over ten windows, \(nodes) equal nodes, seed \(seed): \(outcome.fairness), shares \(outcome.shares)")
            #expect(outcome.broken.isEmpty)
            #expect(outcome.fairness >= 0.95)
        }
    }

    @Test func `at a thousand slots a second a leader dies, and no quarter of a second passes without a request`() throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            var scenario = Scenario(seed: seed, mirrors: try [Self.mirror("a", "20/40ms"), Self.mirror("b", "20/40ms")])
            scenario.nodes = 4
            scenario.callers = 100
            scenario.mirrorLatency = 500...1_000
            scenario.length = 5_000_000
            scenario.faults = [(2_500_000, .crash(node: .leader, restartAfter: 100_000))]
            let outcome = Simulation(scenario).run()
            print("leader dies at a thousand slots a second, seed \(seed): longest gap \(outcome.longestGap) µs")
            #expect(outcome.broken.isEmpty)
            #expect(outcome.elections == 2)
            #expect(outcome.longestGap < 250_000)
        }
    }

    @Test(arguments: KnownFailure.all) func `a known failure of others shows without our defence, and not with it`(_ failure: KnownFailure)
    {
        // `deploy/simulate --failures` runs more of them.
        let seeds: ClosedRange<UInt64> = failure.isLong ? 1...1 : 1...6
        let defended = failure.run(defended: true, seeds: seeds)
        #expect(defended.broken == 0, "\(defended.example ?? ""); play it again: deploy/simulate --failure \(failure.name)")
        let undefended = failure.run(defended: false, seeds: seeds)
        print("\(failure.name): \(defended) with our defence; \(undefended) without")
        #expect(undefended.broken > 0)
    }

    @Test func `a ledger that everybody shares needs no fence to keep the limits, but who leads no more is seen to reserve`() throws {
        var broken: [String] = []
        // Most scenarios have no leader that goes on after its end; some of the first sixty do.
        for seed in 1...60 as ClosedRange<UInt64> where broken.isEmpty {
            var scenario = Scenario.random(seed: seed)
            scenario.weaknesses = [.noFence]
            broken += Simulation(scenario).run().broken
        }
        print("reserving without being the leader: \(broken.first ?? "unseen")")
        #expect(!broken.isEmpty)
        #expect(broken.allSatisfy { $0.contains("reserved by epoch") }, "\(broken)")
    }

    @Test func `a broken seed stays broken without what it does not need`() throws {
        let failure = try #require(KnownFailure.all.first { $0.name == "redirects" })
        var scenario = failure.scenario(seed: 1, defended: false)
        scenario.faults = [(1_000_000, .clockStep(by: 5_000_000)), (2_000_000, .redisDown(for: 100_000))]
        let names = scenario.leastBroken()
        #expect(names.contains("fault0") && names.contains("fault1"))
        #expect(!names.contains("manners"))
        let simpler = try #require(scenario.less(names))
        #expect(!Simulation(simpler).run().broken.isEmpty)
        #expect(scenario.less(["nonsense"]) == nil)
    }

    private static func mirror(_ name: String, _ limit: String) throws -> MirrorRules {
        try MirrorRules(name: name, limits: [try RateLimit(limit)])
    }
}

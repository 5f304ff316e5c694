import SluiceSimulation
import Testing

/// What is not promised is excused, exactly that, and told apart.
@Suite(.timeLimit(.minutes(10))) struct AmnesiaTests {
    @Test func `a breach that nobody who was left could have known to be one is excused`() {
        let outcome = Simulation(.random(seed: 23286)).run()
        #expect(outcome.broken.isEmpty, "\(outcome.broken.first ?? "")")
        #expect(!outcome.excused.isEmpty)
    }

    /// A process that is down while Redis' clock is set forward.
    private func absent(of nodes: Int) throws -> Scenario {
        let failure = try #require(KnownFailure.all.first { $0.name == "newcomer" })
        var scenario = failure.scenario(seed: 1, defended: true)
        scenario.nodes = nodes
        scenario.faults = [
            (7_000_000, .crash(node: .place(nodes - 1), restartAfter: 500_000)), (7_250_000, .clockStep(by: 3_600_000_000)),
        ]
        return scenario
    }

    @Test func `so is one after the clock was set while the only process that knew the time was down`() throws {
        let outcome = Simulation(try absent(of: 1)).run()
        #expect(outcome.broken.isEmpty, "\(outcome.broken.first ?? "")")
        #expect(!outcome.excused.isEmpty)
    }

    @Test func `where somebody who knew could have been asked, nothing is excused`() throws {
        // The same with the one who remembers in reach: he is asked.
        let scenario = try #require(Scenario.random(seed: 23286).less(["fault0"]))
        let asked = Simulation(scenario).run()
        #expect(asked.broken.isEmpty && asked.excused.isEmpty)
        var forgetful = scenario
        forgetful.weaknesses = [.noMemoryOfData]
        let unasked = Simulation(forgetful).run()
        #expect(!unasked.broken.isEmpty && unasked.excused.isEmpty)
    }

    @Test func `where somebody who knew the time could have told it, nothing is excused`() throws {
        let scenario = try absent(of: 2)
        let told = Simulation(scenario).run()
        #expect(told.broken.isEmpty && told.excused.isEmpty)
        var timeless = scenario
        timeless.weaknesses = [.noClockBounds]
        let untold = Simulation(timeless).run()
        #expect(!untold.broken.isEmpty && untold.excused.isEmpty)
    }

    @Test(arguments: ["data-lost", "clock-stepped", "short-ttl", "fixed-windows"])
    func `what a missing defence lets through is never excused`(name: String) throws {
        let failure = try #require(KnownFailure.all.first { $0.name == name })
        let outcome = Simulation(failure.scenario(seed: 1, defended: false)).run()
        #expect(!outcome.broken.isEmpty && outcome.excused.isEmpty)
    }
}

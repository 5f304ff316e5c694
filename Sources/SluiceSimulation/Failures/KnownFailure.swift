/// A failure that others are known for, as a scenario in which it would show: with our defence nothing is broken, without it the
/// judge sees it.
package struct KnownFailure: Sendable, CustomStringConvertible {
    /// As it is called on the command line.
    package let name: String
    /// What goes wrong, in a line.
    package let story: String
    /// What is switched off, or put in the ledger's place.
    package let weakness: Scenario.Weakness
    private let prepare: @Sendable () -> Scenario

    init(_ name: String, _ story: String, without weakness: Scenario.Weakness, _ prepare: @escaping @Sendable () -> Scenario) {
        self.name = name
        self.story = story
        self.weakness = weakness
        self.prepare = prepare
    }

    package var description: String { name }

    /// Whether it runs for minutes of virtual time: one seed of it then shows enough.
    package var isLong: Bool { prepare().length > 100_000_000 }

    /// The scenario, with another choice of latencies for each seed.
    package func scenario(seed: UInt64, defended: Bool) -> Scenario {
        var scenario = prepare()
        scenario.seed = seed
        if !defended { scenario.weaknesses = [weakness] }
        return scenario
    }

    /// What some seeds of it showed.
    package struct Result: Sendable {
        package var broken = 0
        /// The most that a mirror received, beside its limit.
        package var worst: Outcome.Worst?
        /// How far the mirror's own count stood when one more came; 0 where it counts as its limit says.
        package var ownCount = 0.0
        /// Microseconds.
        package var longestWait: Int64 = 0
        /// The last line of a seed that broke.
        package var example: String?
    }

    /// Runs it with some seeds.
    package func run(defended: Bool, seeds: ClosedRange<UInt64> = 1...6) -> Result {
        var result = Result()
        for seed in seeds {
            let outcome = Simulation(scenario(seed: seed, defended: defended)).run()
            result.broken += outcome.broken.count
            result.example = result.example ?? outcome.broken.first
            if let worst = outcome.worst, worst.count > result.worst?.count ?? 0 { result.worst = worst }
            result.ownCount = max(result.ownCount, outcome.worstByOwnCount)
            result.longestWait = max(result.longestWait, outcome.longestWait)
        }
        return result
    }

    /// All of them.
    package static let all: [KnownFailure] = windows + requests + upstreams + memories + keys
}

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

    /// The scenario, with another choice of latencies for each seed.
    package func scenario(seed: UInt64, defended: Bool) -> Scenario {
        var scenario = prepare()
        scenario.seed = seed
        if !defended { scenario.weaknesses = [weakness] }
        return scenario
    }

    /// All of them.
    package static let all: [KnownFailure] = windows + requests + upstreams + memories
}

import SluiceCoordination

/// `deploy/simulate --failures`: each known failure of others, with our defence and without.
enum FailureTable {
    /// Prints the table; whether every defence held, and every lack of one showed.
    static func show() -> Bool {
        var isAsExpected = true
        for failure in KnownFailure.all {
            let defended = Self.run(failure, defended: true)
            let undefended = Self.run(failure, defended: false)
            isAsExpected = isAsExpected && defended.broken == 0 && undefended.broken > 0
            print(
                "\(failure.name): \(failure.story)\n  with our defence \(defended.figure), \(defended.broken) broken; without (\(failure.weakness)) \(undefended.figure), \(undefended.broken) broken"
            )
        }
        return isAsExpected
    }

    /// The worst of six seeds.
    static func run(_ failure: KnownFailure, defended: Bool) -> (broken: Int, figure: String) {
        var broken = 0
        var outcomes: [Outcome] = []
        for seed in 1...6 as ClosedRange<UInt64> {
            let outcome = Simulation(failure.scenario(seed: seed, defended: defended)).run()
            broken += outcome.broken.count
            outcomes.append(outcome)
        }
        let worst = outcomes.compactMap(\.worst).max { $0.count * $1.limit.count < $1.count * $0.limit.count }
        var figure = worst?.description ?? "nothing"
        let own = outcomes.map(\.worstByOwnCount).max() ?? 0
        if own > 0 { figure += " (by the mirror's own count \(Double(Int(own * 100)) / 100) when one more came)" }
        let wait = outcomes.map(\.longestWait).max() ?? 0
        return (broken, figure + ", longest wait \(Double(wait / 10_000) / 100) s")
    }
}

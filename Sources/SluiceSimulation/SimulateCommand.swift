import Dispatch
import Glibc
import Synchronization

/// `deploy/simulate`: many seeds, a progress bar, and for each failing seed the one command that plays it again.
package enum SimulateCommand {
    private static let usage = """
        Usage: deploy/simulate [--seeds COUNT] [--first SEED]   many seeds; the default is 1000 from 1 on
               deploy/simulate --seed SEED [--less PART,PART…]  plays one again, with a trace; without some of its troubles
               deploy/simulate --seed SEED --minimise           finds the troubles that a broken seed does not need
               deploy/simulate --failures                       the known failures of others, with and without our defence
               deploy/simulate --failure NAME [--seed SEED] [--undefended]   one of them, with a trace

        """

    /// Reads the command line, runs, prints, and ends the process: 0 when everything held, 1 otherwise, 2 for a wrong command line.
    package static func main() -> Never {
        var seeds: UInt64 = 1_000
        var first: UInt64 = 1
        var replay: UInt64?
        var failure: KnownFailure?
        var isUndefended = false
        var less: [String] = []
        var isMinimising = false
        var arguments = CommandLine.arguments.dropFirst()
        func number(_ flag: String) -> UInt64 {
            guard let value = arguments.popFirst().flatMap({ UInt64($0) }) else { refuse("“\(flag)” needs a whole number") }
            return value
        }
        while let flag = arguments.popFirst() {
            switch flag {
            case "--seeds": seeds = max(1, number(flag))
            case "--first": first = number(flag)
            case "--seed": replay = number(flag)
            case "--failures": exit(FailureTable.show() ? 0 : 1)
            case "--failure":
                let name = arguments.popFirst() ?? ""
                failure = KnownFailure.all.first { $0.name == name }
                if failure == nil { refuse("“\(name)” is none of \(KnownFailure.all.map(\.name).joined(separator: ", "))") }
            case "--undefended": isUndefended = true
            case "--less": less = (arguments.popFirst() ?? "").split(separator: ",").map(String.init)
            case "--minimise": isMinimising = true
            default: refuse("“\(flag)” is unknown")
            }
        }
        if let failure { play(failure.scenario(seed: replay ?? 1, defended: !isUndefended)) }
        if let replay {
            guard let scenario = Scenario.random(seed: replay).less(less) else { refuse("seed \(replay) has no such part as \(less)") }
            if isMinimising { minimise(scenario, less) }
            play(scenario)
        }
        exit(runMany(first, seeds) ? 0 : 1)
    }

    private static func play(_ scenario: Scenario) -> Never {
        print(scenario.summary)
        let outcome = Simulation(scenario, keepsTrace: true).run()
        for line in outcome.trace { print(line) }
        for line in outcome.excused { print("EXCUSED: \(line)") }
        for line in outcome.broken { print("BROKEN: \(line)") }
        print(line(scenario.seed, outcome))
        exit(outcome.broken.isEmpty ? 0 : 1)
    }

    private static func minimise(_ scenario: Scenario, _ less: [String]) -> Never {
        guard !Simulation(scenario).run().broken.isEmpty else { refuse("seed \(scenario.seed) is not broken") }
        let names = less + scenario.leastBroken()
        print("still broken: deploy/simulate --seed \(scenario.seed)\(names.isEmpty ? "" : " --less \(names.joined(separator: ","))")")
        exit(1)
    }

    private static func runMany(_ first: UInt64, _ count: UInt64) -> Bool {
        let total = Mutex(Tally(count: count))
        // A run is its own world: as many at once as there are cores.
        DispatchQueue.concurrentPerform(iterations: Int(count)) { index in
            let seed = first + UInt64(index)
            let scenario = Scenario.random(seed: seed)
            let outcome = Simulation(scenario).run()
            total.withLock { total in
                if !outcome.broken.isEmpty {
                    total.bar.clear()
                    print("\(line(seed, outcome))\n  play it again: deploy/simulate --seed \(seed)")
                }
                total.add(seed, scenario, outcome)
            }
        }
        let sum = total.withLock { $0 }
        sum.bar.clear()
        print(sum.description)
        return sum.failed == 0
    }

    private static func line(_ seed: UInt64, _ outcome: Outcome) -> String {
        var state = outcome.broken.isEmpty ? "held" : "\(outcome.broken.count) broken, first \(outcome.broken[0])"
        if let first = outcome.excused.first { state += "; \(outcome.excused.count) excused, nobody who knew was left, first \(first)" }
        return
            "seed \(seed): \(outcome.requests) requests, \(outcome.served) served, \(outcome.refused) refused, \(outcome.elections) elections; \(state)"
    }

    private static func refuse(_ problem: String) -> Never {
        let bytes = Array("simulate: \(problem)\n\(usage)".utf8)
        _ = unsafe Glibc.write(2, bytes, bytes.count)
        exit(2)
    }
}

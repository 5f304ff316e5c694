import Dispatch
import Glibc
import Synchronization

/// `deploy/simulate`: many seeds, a progress line, and for each failing seed the one command that plays it again.
package enum SimulateCommand {
    /// Reads the command line, runs, prints, and ends the process: 0 when everything held, 1 otherwise, 2 for a wrong command line.
    package static func main() -> Never {
        var seeds: UInt64 = 1_000
        var first: UInt64 = 1
        var replay: UInt64?
        var arguments = CommandLine.arguments.dropFirst()
        while let flag = arguments.popFirst() {
            guard let value = arguments.popFirst().flatMap({ UInt64($0) }) else { usage("“\(flag)” needs a whole number") }
            switch flag {
            case "--seeds": seeds = value
            case "--first": first = value
            case "--seed": replay = value
            default: usage("“\(flag)” is unknown")
            }
        }
        if let replay { play(replay) }
        exit(runMany(first, seeds) ? 0 : 1)
    }

    private static func play(_ seed: UInt64) -> Never {
        let outcome = Simulation(.random(seed: seed), keepsTrace: true).run()
        for line in outcome.trace { print(line) }
        print(summary(seed, outcome))
        exit(outcome.broken.isEmpty ? 0 : 1)
    }

    private static func runMany(_ first: UInt64, _ count: UInt64) -> Bool {
        let isTerminal = isatty(2) == 1
        let total = Mutex(Total())
        // A run is its own world: as many at once as there are cores.
        DispatchQueue.concurrentPerform(iterations: Int(count)) { index in
            let seed = first + UInt64(index)
            let outcome = Simulation(.random(seed: seed)).run()
            total.withLock { total in
                total.done += 1
                total.requests += outcome.requests
                if !outcome.broken.isEmpty {
                    total.failed += 1
                    print("\(summary(seed, outcome))\n  play it again: deploy/simulate --seed \(seed)")
                }
                if isTerminal { write("\r\(total.done) of \(count) seeds, \(total.failed) failed") }
            }
        }
        if isTerminal { write("\n") }
        let sum = total.withLock { $0 }
        print("\(count) seeds, \(sum.requests) requests, \(sum.failed) seeds failed")
        return sum.failed == 0
    }

    private struct Total {
        var done = 0
        var failed = 0
        var requests = 0
    }

    private static func summary(_ seed: UInt64, _ outcome: Outcome) -> String {
        let state = outcome.broken.isEmpty ? "held" : "\(outcome.broken.count) broken, first \(outcome.broken[0])"
        return
            "seed \(seed): \(outcome.requests) requests, \(outcome.served) served, \(outcome.refused) refused, \(outcome.elections) elections; \(state)"
    }

    private static func usage(_ problem: String) -> Never {
        write("simulate: \(problem)\nUsage: deploy/simulate [--seeds COUNT] [--first SEED] | --seed SEED\n")
        exit(2)
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(2, bytes, bytes.count)
    }
}

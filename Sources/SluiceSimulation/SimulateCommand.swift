import Glibc

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
        var failed = 0
        var requests = 0
        for (done, seed) in (first..<first + count).enumerated() {
            let outcome = Simulation(.random(seed: seed)).run()
            requests += outcome.requests
            if !outcome.broken.isEmpty {
                failed += 1
                print(summary(seed, outcome))
                print("  play it again: deploy/simulate --seed \(seed)")
            }
            if isTerminal { write("\r\(done + 1) of \(count) seeds, \(failed) failed") }
        }
        if isTerminal { write("\n") }
        print("\(count) seeds, \(requests) requests, \(failed) seeds failed")
        return failed == 0
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

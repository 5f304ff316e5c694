/// The sum over many runs.
struct Tally: Sendable, CustomStringConvertible {
    let count: UInt64
    private(set) var failed = 0
    private var excused: [UInt64] = []
    private(set) var bar: ProgressBar
    private var done: UInt64 = 0
    private var requests = 0
    private var needs = NeedAudit()
    private var keyed = 0
    private var crowd = 0
    private var saturated = 0
    private var sumOfUtilisation = 0.0
    private var worst: (utilisation: Double, seed: UInt64)?

    init(count: UInt64) {
        self.count = count
        bar = ProgressBar(total: count)
    }

    mutating func add(_ seed: UInt64, _ scenario: Scenario, _ outcome: Outcome) {
        done += 1
        requests += outcome.requests
        needs.add(outcome.needs)
        if scenario.keys > 0 { keyed += 1 }
        crowd = max(crowd, scenario.nodes)
        if !outcome.broken.isEmpty {
            failed += 1
        } else if !outcome.excused.isEmpty {
            excused.append(seed)
        }
        if scenario.isSaturated {
            saturated += 1
            sumOfUtilisation += outcome.utilisation
            if outcome.utilisation < worst?.utilisation ?? .infinity { worst = (outcome.utilisation, seed) }
        }
        bar.show(done, failed > 0 ? "\(failed) broken" : "")
    }

    var description: String {
        var text = "\(count) seeds, up to \(crowd) nodes, \(requests) requests, \(failed) seeds broken"
        if !excused.isEmpty {
            let seeds = excused.sorted().map(String.init).joined(separator: ", ")
            text += "\n\(excused.count) seeds excused: nobody who knew was left; seeds \(seeds)"
        }
        if keyed > 0 { text += "\n\(keyed) seeds with keys: \(needs)" }
        if let worst {
            text +=
                "\nutilisation over \(saturated) saturated seeds without faults: mean \(percent(sumOfUtilisation / Double(saturated))), worst \(percent(worst.utilisation)) (seed \(worst.seed))"
        }
        return text
    }

    private func percent(_ share: Double) -> String {
        let thousandths = Int((share * 1_000).rounded())
        return "\(thousandths / 10).\(thousandths % 10) %"
    }
}

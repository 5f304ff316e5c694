import SluiceLoop

/// The demo's last word: a table of two columns, and the verdict.
package enum DemoTable {
    /// The whole text, with its last line end.
    package static func text(_ outcome: DemoOutcome) -> String {
        let rows = rows(outcome)
        let width = rows.map(\.name.count).max() ?? 0
        var text = ""
        for row in rows { text += row.name + String(repeating: " ", count: width - row.name.count + 3) + row.value + "\n" }
        let broken = outcome.broken
        text += broken.isEmpty ? "\nEvery guarantee held.\n" : "\nBroken: " + broken.joined(separator: "; ") + ".\n"
        return text
    }

    private static func rows(_ outcome: DemoOutcome) -> [(name: String, value: String)] {
        let options = outcome.options
        let tally = outcome.tally
        var rows: [(name: String, value: String)] = []
        let processes = DemoText.counted(options.processes, "process", "processes")
        let callers = DemoText.counted(options.callers, "caller")
        let factors = "\(processes) × \(callers) × \(options.rounds) × \(options.needs) paths"
        rows.append(("calls", "\(tally.calls) of \(options.calls) answered (\(factors)), \(tally.wrong) wrong"))
        for mirror in outcome.mirrors { rows.append(("requests at mirror \(mirror.name)", "\(mirror.requests)")) }
        for mirror in outcome.mirrors {
            let windows = mirror.worstWindows.map { "\($0.worst) of \($0.limit)" }.joined(separator: ", ")
            rows.append(
                ("worst \(options.limit.split(separator: "/").last ?? "") at mirror \(mirror.name)", "\(windows), as the mirror saw it"))
        }
        rows.append(("bans", "\(outcome.mirrors.reduce(0) { $0 + $1.bans })"))
        let ratio = DemoText.fixed(Double(outcome.requests) / Double(options.needs), 2)
        var perNeed = "\(ratio) (\(outcome.requests) for \(options.needs))"
        if options.killsLeader {
            let repeats = DemoText.counted(outcome.requests - options.needs, "fetch", "fetches")
            perNeed += "; \(repeats) died with the killed process, of at most \(options.allowedRepeats)"
        }
        rows.append(("requests per distinct need", perNeed))
        let counts = WorkerLine.Source.allCases.map { tally.sources[$0] ?? 0 }
        rows.append(("from memory", "\(counts[0])"))
        rows.append(("from Redis", "\(counts[1])"))
        rows.append(("joined a fetch under way", "\(counts[2])"))
        rows.append(("fetched", "\(counts[3])"))
        rows.append(("time", time(outcome)))
        var changes = "\(max(0, outcome.elections - 1))"
        if !options.leads { changes = "none ever led (--no-leader)" }
        if options.killsLeader { changes += " (\(DemoText.counted(outcome.replacements, "leader")) killed)" }
        rows.append(("leader changes", changes))
        return rows
    }

    private static func time(_ outcome: DemoOutcome) -> String {
        let taken = DemoText.seconds(outcome.time)
        guard outcome.ideal > .zero else { return "\(taken) (the limits cost none)" }
        let share = Double(outcome.ideal.microseconds) / Double(max(1, outcome.time.microseconds)) * 100
        return
            "\(taken); the limits let \(outcome.requests) requests start in \(DemoText.seconds(outcome.ideal)) at best (\(DemoText.fixed(share, 1)) %)"
    }
}

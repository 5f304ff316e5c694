import SluiceLoop

/// What a demo came to, and which guarantees it broke; a pure value.
package struct DemoOutcome: Sendable {
    package var options: DemoOptions
    package var tally: CallTally
    package var mirrors: [MirrorReport]
    /// From the signal to go until the last answer.
    package var time: Duration
    /// What the limits alone cost, for the requests that were made.
    package var ideal: Duration
    /// Elections in all; the first made the first leader.
    package var elections: Int
    /// Processes that were killed and replaced.
    package var replacements: Int

    package init(
        options: DemoOptions, tally: CallTally, mirrors: [MirrorReport], time: Duration, ideal: Duration, elections: Int,
        replacements: Int
    ) {
        self.options = options
        self.tally = tally
        self.mirrors = mirrors
        self.time = time
        self.ideal = ideal
        self.elections = elections
        self.replacements = replacements
    }

    /// Requests that the mirrors counted.
    package var requests: Int { mirrors.reduce(0) { $0 + $1.requests } }

    /// A sentence for each guarantee that did not hold; none when all did.
    package var broken: [String] {
        var broken: [String] = []
        for mirror in mirrors {
            for window in mirror.worstWindows where window.worst > window.limit {
                broken.append("mirror \(mirror.name) saw \(window.worst) requests in a window that allows \(window.limit)")
            }
            if mirror.bans > 0 { broken.append("mirror \(mirror.name) banned the pool (\(mirror.bans))") }
            if mirror.violations > 0 { broken.append("mirror \(mirror.name) counted \(mirror.violations) requests over its limit") }
            let odd = mirror.statuses.filter { $0.key != "200" && $0.value > 0 }.sorted { $0.key < $1.key }
            if !odd.isEmpty {
                broken.append("mirror \(mirror.name) answered \(odd.map { "\($0.value) × \($0.key)" }.joined(separator: ", "))")
            }
        }
        let lost = options.calls - tally.calls
        if lost > 0 { broken.append("\(DemoText.counted(lost, "call")) had no answer\(tally.failures.first.map { ": \($0)" } ?? "")") }
        if tally.repeated > 0 { broken.append("\(DemoText.counted(tally.repeated, "call")) were answered twice") }
        if tally.wrong > 0 { broken.append("\(DemoText.counted(tally.wrong, "answer")) had a wrong body") }
        if requests > options.needs + options.allowedRepeats {
            broken.append("\(requests) requests were made for \(options.needs) needs, \(options.allowedRepeats) more at most are explained")
        }
        if requests < options.needs { broken.append("\(requests) requests cannot have answered \(options.needs) needs") }
        if options.killsLeader, replacements == 0 { broken.append("no leader was found to kill") }
        return broken
    }
}

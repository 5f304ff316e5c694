import SluiceCoordination

extension Scenario {
    /// What the run is about, for the head of a trace.
    package var summary: String {
        var lines = ["seed \(seed): \(nodes) nodes with \(callers) callers each, \(Double(length) / 1e6) s"]
        for (place, rules) in mirrors.enumerated() {
            var line = "  mirror \(rules.name): \(rules.limits.map(\.description).joined(separator: ", "))"
            if let burst = rules.burst { line += ", burst \(burst)" }
            if let concurrency = rules.concurrency { line += ", concurrency \(concurrency)" }
            if upstreams.indices.contains(place), upstreams[place] != .log { line += ", really \(upstreams[place])" }
            if manners.indices.contains(place), manners[place] != MirrorManner() { line += ", \(manners[place])" }
            lines.append(line)
        }
        lines.append(
            "  rest \(rest), deadline \(deadline), timeout \(timeout), mirror \(mirrorLatency), redis \(redisLatency), skew \(skew) (µs, ppm)"
        )
        lines.append(
            "  messages: loss \(messageLoss), repeat \(messageRepeat), reorder \(messageReorder), delay \(messageDelay); replies lost \(replyLoss), connections \(connectFailure)"
        )
        lines.append("  callers: cancelling \(cancelling), hurry \(hurry), holding \(holding), pause \(pause)")
        for (place, own) in configured.enumerated() {
            guard let own else { continue }
            lines.append(
                "  the process at place \(place) is configured with \(configurations[own].map { "\($0.name): \($0.words)" }.joined(separator: "; "))"
            )
        }
        if !timeouts.isEmpty { lines.append("  time-outs by place: \(timeouts)") }
        if keys > 0 {
            lines.append("  \(keys) keys in \(keyed) of the calls, fresh for \(freshness) ms, flights' lease \(flightLease)")
            for (at, key) in changes { lines.append("  at \(Double(at) / 1e6) s: key \(key) changes") }
        }
        for (at, fault) in faults { lines.append("  at \(Double(at) / 1e6) s: \(fault)") }
        if !weaknesses.isEmpty { lines.append("  without: \(weaknesses.map(\.rawValue).sorted().joined(separator: ", "))") }
        return lines.joined(separator: "\n")
    }
}

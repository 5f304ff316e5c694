extension Scenario {
    /// A way to make a scenario simpler, by the name that `--less` takes.
    package struct Reduction: Sendable {
        package let name: String
        let apply: @Sendable (inout Scenario) -> Void
    }

    /// Everything that can be taken away from this scenario, what disturbs a reader most first.
    package var reductions: [Reduction] {
        var list = faults.indices.map { place in
            Reduction(name: "fault\(place)") { [at = faults[place].at, fault = faults[place].fault] scenario in
                scenario.faults.removeAll { $0.at == at && $0.fault == fault }
            }
        }
        list += [
            Reduction(name: "members") { $0.configured = [] },
            Reduction(name: "changes") { $0.changes = [] },
            Reduction(name: "keys") { $0.keys = min($0.keys, 1) },
            Reduction(name: "loss") { ($0.messageLoss, $0.replyLoss) = (0, 0) },
            Reduction(name: "repeat") { $0.messageRepeat = 0 },
            Reduction(name: "reorder") { $0.messageReorder = 0 },
            Reduction(name: "delay") { $0.messageDelay = 0...0 },
            Reduction(name: "connect") { $0.connectFailure = 0 },
            Reduction(name: "cancelling") { $0.cancelling = 0 },
            Reduction(name: "hurry") { $0.hurry = 0 },
            Reduction(name: "holding") { $0.holding = 0 },
            Reduction(name: "manners") { $0.manners = [] },
            Reduction(name: "skew") { $0.skew = 0 },
            Reduction(name: "clocks") { $0.clocksApart = 1_000...1_000 },
            Reduction(name: "pause") { $0.pause = 0...0 },
            Reduction(name: "redis-latency") { $0.redisLatency = 100...100 },
            Reduction(name: "mirror-latency") { $0.mirrorLatency = 1_000...1_000 },
            Reduction(name: "callers") { ($0.callers, $0.isSaturated) = (max(1, $0.callers / 2), false) },
            Reduction(name: "callers2") { ($0.callers, $0.isSaturated) = (max(1, $0.callers / 2), false) },
            Reduction(name: "rest") { ($0.rest, $0.isSaturated) = (500_000...1_000_000, false) },
            Reduction(name: "deadline") { $0.deadline = 10_000_000...10_000_000 },
        ]
        return list
    }

    /// The scenario without these; nil when a name is unknown.
    package func less(_ names: [String]) -> Scenario? {
        var simpler = self
        for name in names {
            guard let reduction = reductions.first(where: { $0.name == name }) else { return nil }
            reduction.apply(&simpler)
        }
        return simpler
    }

    /// The names of all that can be taken away, one after the other, with something still broken.
    package func leastBroken() -> [String] {
        var names: [String] = []
        for reduction in reductions {
            if let simpler = less(names + [reduction.name]), !Simulation(simpler).run().broken.isEmpty { names.append(reduction.name) }
        }
        return names
    }
}

import SluiceCoordination

/// A mirror that counts: the judge of a run. It sees arrivals in true time and nothing else.
final class SimulatedMirror {
    let rules: MirrorRules
    var isDead = false
    private(set) var requests = 0
    /// The most arrivals that one window of each limit has held.
    private(set) var worst: [Int64]
    private var arrivals: [[Int64]]
    private var firstKept: [Int]

    init(_ rules: MirrorRules) {
        self.rules = rules
        worst = rules.limits.map { _ in 0 }
        arrivals = rules.limits.map { _ in [] }
        firstKept = rules.limits.map { _ in 0 }
    }

    /// A request arrives; returns what it breaks.
    func arrive(at now: Int64) -> String? {
        requests += 1
        var broken: String?
        for (place, limit) in rules.limits.enumerated() {
            arrivals[place].append(now)
            while arrivals[place][firstKept[place]] <= now - limit.window { firstKept[place] += 1 }
            let count = Int64(arrivals[place].count - firstKept[place])
            worst[place] = max(worst[place], count)
            if count > limit.count { broken = "mirror \(rules.name) received \(count) requests within \(limit)" }
        }
        return broken
    }
}

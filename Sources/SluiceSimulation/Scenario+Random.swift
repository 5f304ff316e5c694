import SluiceCoordination

extension Scenario {
    /// A scenario that a seed chooses: from a quiet pair of nodes to a crowd under faults of every kind.
    package static func random(seed: UInt64) -> Scenario {
        var random = SeededGenerator(seed: seed)
        let count = Int(random.pick(1...4))
        let mirrors = (0..<count).map { index in rules("m\(index)", &random) }
        var scenario = Scenario(seed: seed, mirrors: mirrors)
        scenario.nodes = Int([1, 2, 3, 4, 6, 10].randomElement(using: &random)!)
        scenario.callers = Int(random.pick(1...12))
        if random.happens(0.3) { scenario.rest = 0...random.pick(10_000...2_000_000) }
        scenario.redisLatency = 30...random.pick(100...20_000)
        scenario.mirrorLatency = 500...random.pick(1_000...1_900_000)
        scenario.deadline = 200_000...random.pick(1_000_000...30_000_000)
        scenario.skew = random.pick(0...400)
        if random.happens(0.5) {
            scenario.messageLoss = Double(random.pick(0...20)) / 100
            scenario.messageRepeat = Double(random.pick(0...20)) / 100
            scenario.replyLoss = Double(random.pick(0...5)) / 100
            scenario.connectFailure = Double(random.pick(0...10)) / 100
        }
        for _ in 0..<random.pick(0...6) {
            scenario.faults.append((random.pick(500_000...scenario.length - 2_000_000), fault(scenario, &random)))
        }
        // Where the only process is replaced, nobody may be left to remember data that was lost; that it is missed is not promised.
        if scenario.nodes == 1, scenario.faults.contains(where: { $0.fault.losesData }) { scenario.faults.removeAll { $0.fault.forgets } }
        scenario.faults.sort { $0.at < $1.at }
        return scenario
    }

    private static func rules(_ name: String, _ random: inout SeededGenerator) -> MirrorRules {
        let windows: [Int64] = [200_000, 1_000_000, 2_000_000, 6_000_000]
        var limits: [RateLimit] = []
        for _ in 0..<random.pick(1...3) {
            // Bounds are kept by construction.
            limits.append(try! RateLimit(count: random.pick(1...60), window: windows.randomElement(using: &random)!))
        }
        return try! MirrorRules(
            name: name, limits: limits, burst: random.happens(0.15) ? random.pick(1...10) : nil,
            concurrency: random.happens(0.2) ? random.pick(1...10) : nil)
    }

    private static func fault(_ scenario: Scenario, _ random: inout SeededGenerator) -> Fault {
        let node = Int(random.pick(0...Int64(scenario.nodes - 1)))
        let span = random.pick(50_000...8_000_000)
        switch random.pick(0...9) {
        case 0: return .crash(node: node, restartAfter: span)
        case 1, 2: return .freeze(node: node, for: span)
        case 3: return .partition(node: node, for: span)
        case 4: return .redisDown(for: min(span, 3_000_000))
        case 5: return .dataLoss
        case 6: return .rollback(age: 50_000)
        case 7: return .clockStep(by: random.happens(0.5) ? 3_600_000_000 : -3_600_000_000)
        case 8: return .mirrorDead(mirror: Int(random.pick(0...Int64(scenario.mirrors.count - 1))), for: span)
        default: return .leave(node: node, restartAfter: span)
        }
    }
}

extension Scenario.Fault {
    /// Whether Redis comes back without what it knew.
    fileprivate var losesData: Bool {
        switch self {
        case .dataLoss, .rollback: true
        default: false
        }
    }

    /// Whether a process is replaced by one that remembers nothing.
    fileprivate var forgets: Bool {
        switch self {
        case .crash, .leave: true
        default: false
        }
    }
}

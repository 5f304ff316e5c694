import SluiceCoordination
import SluiceRandom

extension Scenario {
    /// A scenario that a seed chooses: from a quiet pair of nodes to a crowd under faults of every kind.
    ///
    /// Every sixteenth is saturated and undisturbed, and tells how much of what is allowed gets used. Crowds are rarer and shorter
    /// than small pools: what goes wrong between many nodes goes wrong between few as well, as a rule.
    package static func random(seed: UInt64) -> Scenario {
        var random = SeededGenerator(seed: seed)
        if seed.isMultiple(of: 16) { return calm(seed: seed, &random) }
        let isCrowd = random.happens(0.04)
        let count = Int(isCrowd ? random.pick(1...8) : [1, 1, 2, 2, 3, 4, 4, 5, 8].randomElement(using: &random)!)
        let mirrors = (0..<count).map { index in rules("m\(index)", &random) }
        var scenario = Scenario(seed: seed, mirrors: mirrors)
        scenario.nodes = isCrowd ? Int(random.pick(11...64)) : [1, 2, 2, 3, 4, 6, 8, 10].randomElement(using: &random)!
        scenario.length = isCrowd ? 8_000_000 : random.pick(10_000_000...20_000_000)
        scenario.callers = Int(random.pick(1...(isCrowd ? 4 : 12)))
        scenario.chooseLoad(&random)
        scenario.chooseNetwork(&random)
        scenario.manners = mirrors.map { _ in random.happens(0.15) ? manner(&random) : MirrorManner() }
        for _ in 0..<random.pick(0...6) {
            let at = random.pick(500_000...scenario.length - 2_000_000)
            let fault = fault(scenario, &random)
            scenario.faults.append((at, fault))
            // A cut in the network rarely hits one host alone.
            if case .partition(_, let way, let span) = fault, random.happens(0.3) {
                for place in 0..<scenario.nodes where random.happens(0.5) {
                    scenario.faults.append((at, .partition(node: .place(place), way: way, for: span)))
                }
            }
        }
        // Where the only process is replaced, nobody may be left to remember data that was lost; that it is missed is not promised.
        if scenario.nodes == 1, scenario.faults.contains(where: { $0.fault.losesData }) { scenario.faults.removeAll { $0.fault.forgets } }
        scenario.faults.sort { $0.at < $1.at }
        if seed % 4 == 3 { scenario.chooseKeys() }
        if seed % 8 == 1 { scenario.chooseMembers() }
        if seed % 8 == 5 { scenario.chooseTimeouts() }
        return scenario
    }

    /// In an eighth of the seeds some processes are configured with less than others.
    private mutating func chooseMembers() {
        var random = SeededGenerator(seed: seed ^ 0x4D45_4D42)
        for _ in 0..<random.pick(1...2) {
            var own = mirrors
            if own.count > 1, random.happens(0.3) { own.removeLast() }
            configurations.append(
                own.map { rules in
                    guard random.happens(0.8) else { return rules }
                    // Bounds are kept by construction.
                    let limits = rules.limits.map {
                        try! RateLimit(count: max(1, $0.count * random.pick(20...100) / 100), window: $0.window)
                    }
                    return try! MirrorRules(name: rules.name, limits: limits, burst: rules.burst, concurrency: rules.concurrency)
                })
        }
        configured = (0..<nodes).map { _ in random.happens(0.4) ? Int(random.pick(0...Int64(configurations.count - 1))) : nil }
    }

    /// In another eighth each process has a time-out of its own.
    private mutating func chooseTimeouts() {
        var random = SeededGenerator(seed: seed ^ 0x5449_4D45)
        let most = timeout
        timeouts = (0..<nodes).map { _ in random.happens(0.5) ? most : random.pick(100_000...most) }
        if random.happens(0.5) { timeouts[0] = 3 * most }
    }

    /// In a quarter of the seeds most callers want keys; the other seeds are as they would be without.
    private mutating func chooseKeys() {
        var random = SeededGenerator(seed: seed ^ 0x4B45_5953)
        keys = Int([1, 2, 5, 20].randomElement(using: &random)!)
        keyed = [0.5, 0.9, 1].randomElement(using: &random)!
        freshness = 1...[200, 2_000, 10_000].randomElement(using: &random)!
        flightLease = random.pick(1_000...5_000) * 1_000
        guard random.happens(0.7) else { return }
        changes = (0..<random.pick(1...20)).map { _ in (random.pick(0...length), Int(random.pick(0...Int64(keys - 1)))) }
        changes.sort { $0.at < $1.at }
    }

    /// More is wanted than allowed all the time, and nothing goes wrong; windows are long beside what the network takes.
    private static func calm(seed: UInt64, _ random: inout SeededGenerator) -> Scenario {
        let windows: [Int64] = [2_000_000, 4_000_000, 6_000_000]
        // Bounds are kept by construction.
        let mirrors = (0..<random.pick(1...4)).map { index in
            try! MirrorRules(
                name: "m\(index)",
                limits: [try! RateLimit(count: random.pick(5...40), window: windows.randomElement(using: &random)!)])
        }
        var scenario = Scenario(seed: seed, mirrors: mirrors)
        scenario.nodes = random.happens(0.1) ? Int(random.pick(11...64)) : Int(random.pick(1...10))
        scenario.length = scenario.nodes > 10 ? 15_000_000 : 30_000_000
        let wanted = 2 * mirrors.reduce(0) { $0 + $1.limits[0].count }
        scenario.callers = max(2, Int(wanted) / scenario.nodes + 1)
        scenario.mirrorLatency = 500...random.pick(1_000...10_000)
        scenario.redisLatency = 30...random.pick(100...1_000)
        scenario.deadline = 40_000_000...60_000_000
        scenario.skew = random.pick(0...400)
        scenario.isSaturated = true
        return scenario
    }

    /// From idle to ten times what is allowed, as far as it can be computed in time.
    private mutating func chooseLoad(_ random: inout SeededGenerator) {
        let crowd = Double(nodes * callers)
        let share = [0.02, 0.3, 0.9, 1.5, 4, 10].randomElement(using: &random)!
        let offered = min(allowedRate * share, 600)
        rest = 0...min(Int64(2e6 * crowd / offered), length)
        if random.happens(0.25) { rest = 0...0 }
        deadline = 200_000...random.pick(1_000_000...30_000_000)
        if random.happens(0.2) { cancelling = 0.1 }
        if random.happens(0.2) { holding = 0.1 }
        if random.happens(0.2) { hurry = 0.2 }
    }

    private mutating func chooseNetwork(_ random: inout SeededGenerator) {
        timeout = random.happens(0.5) ? 2_000_000 : random.pick(300_000...3_000_000)
        redisLatency =
            switch random.pick(0...9) {
            case 0: 30...random.pick(300_000...2_500_000)
            case 1...2: 30...random.pick(20_000...300_000)
            default: 30...random.pick(100...20_000)
            }
        // Half of it each way: the longest way takes longer than the timeout, by less than the guard that follows an abort.
        mirrorLatency = 500...(random.happens(0.3) ? 2 * timeout + 1_800_000 : random.pick(1_000...timeout))
        skew = random.pick(0...400)
        if random.happens(0.5) {
            messageLoss = Double(random.pick(0...20)) / 100
            messageRepeat = Double(random.pick(0...20)) / 100
            replyLoss = Double(random.pick(0...5)) / 100
            connectFailure = Double(random.pick(0...10)) / 100
        }
        if random.happens(0.3) { messageReorder = Double(random.pick(1...50)) / 100 }
        if random.happens(0.3) { messageDelay = 0...random.scale(1_000...3_000_000) }
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

    /// Slow, flaky, refusing at random, silent after having counted; often several of these at once.
    private static func manner(_ random: inout SeededGenerator) -> MirrorManner {
        var manner = MirrorManner()
        func share() -> Double { Double(random.pick(1...40)) / 100 }
        if random.happens(0.3) { manner.slowness = random.pick(2...20) }
        if random.happens(0.3) { manner.hangsUpBefore = share() }
        if random.happens(0.3) { manner.hangsUpAfter = share() }
        if random.happens(0.3) { manner.hangs = share() }
        if random.happens(0.3) { manner.fails = share() }
        if random.happens(0.3) { manner.redirects = share() }
        if random.happens(0.4) {
            manner.refuses = share() / 4
            if random.happens(0.5) { manner.retryAfter = random.pick(0...5) * 1_000_000 }
        }
        return manner
    }

    private static func fault(_ scenario: Scenario, _ random: inout SeededGenerator) -> Fault {
        let node: Whom = random.happens(0.35) ? .leader : .place(Int(random.pick(0...Int64(scenario.nodes - 1))))
        let mirror = Int(random.pick(0...Int64(scenario.mirrors.count - 1)))
        let span = random.pick(50_000...8_000_000)
        switch random.pick(0...11) {
        case 0: return .crash(node: node, restartAfter: span)
        case 1, 2: return .freeze(node: node, for: span)
        case 3: return .partition(node: node, for: span)
        case 4: return .partition(node: node, way: random.happens(0.5) ? .there : .here, for: span)
        case 5: return .redisDown(for: min(span, 3_000_000))
        case 6: return .dataLoss
        case 7: return .rollback(age: 50_000)
        case 8:
            // From a millisecond to an hour, each size as likely.
            let step = random.happens(0.3) ? 3_600_000_000 : random.scale(1_000...3_600_000_000)
            return .clockStep(by: random.happens(0.5) ? step : -step)
        case 9: return .mirrorDead(mirror: mirror, for: span)
        case 10: return .mirrorOdd(mirror: mirror, manner(&random), for: span)
        default: return .leave(node: node, restartAfter: span)
        }
    }
}

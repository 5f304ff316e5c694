package import SluiceCoordination

extension Scenario {
    /// Equal nodes that all want more than there is, undisturbed, for ten windows of one mirror and a little.
    package static func equal(nodes: Int, limit: RateLimit, seed: UInt64) -> Scenario {
        // Bounds are kept by construction.
        var scenario = Scenario(seed: seed, mirrors: [try! MirrorRules(name: "a", limits: [limit])])
        scenario.nodes = nodes
        scenario.callers = max(2, 2 * Int(limit.count) / nodes)
        scenario.mirrorLatency = 500...5_000
        scenario.deadline = 20 * limit.window...20 * limit.window
        // Who starts first finds nobody to share with; what counts is what follows.
        scenario.sharesFrom = limit.window
        scenario.length = 11 * limit.window
        scenario.isSaturated = true
        return scenario
    }
}

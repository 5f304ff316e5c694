import SluiceCoordination

extension KnownFailure {
    /// Mirrors of 30 requests a minute, as in the systems where these failures were measured.
    static func strict(_ count: Int = 1, _ limit: String = "30/60s", burst: Int64? = nil) -> Scenario {
        // Bounds are kept by construction.
        let mirrors = (0..<count).map {
            try! MirrorRules(name: "abcdefgh".map(String.init)[$0], limits: [try! RateLimit(limit)], burst: burst)
        }
        var scenario = Scenario(seed: 1, mirrors: mirrors)
        scenario.nodes = 3
        scenario.callers = 30
        scenario.deadline = 100_000_000...200_000_000
        scenario.length = 130_000_000
        scenario.mirrorLatency = 500...20_000
        return scenario
    }

    /// How the window is kept.
    static let windows: [KnownFailure] = [
        KnownFailure(
            "jitter", "a log that counts a request from its grant; delays of up to 5 s pack two windows together",
            without: .anchoredAtGrant
        ) {
            var scenario = strict()
            scenario.timeout = 6_000_000
            scenario.mirrorLatency = 500...10_000_000
            return scenario
        },
        KnownFailure(
            "host-clocks", "windows by each host's own clock; hosts milliseconds apart begin the window anew, one after the other",
            without: .hostClocks
        ) {
            var scenario = strict()
            scenario.clocksApart = 2_000...60_000
            return scenario
        },
        KnownFailure(
            "fixed-windows", "a counter that begins anew at each full window; a burst before the boundary and one after it",
            without: .fixedWindows
        ) {
            var scenario = strict()
            // Quiet until shortly before a boundary of Redis' clock, which is at a third of its minute to begin with.
            scenario.rest = 0...60_000_000
            return scenario
        },
        KnownFailure(
            "window-restarted", "the window lives in the process that keeps it, and begins anew when that crashes",
            without: .windowDiesWithLeader
        ) {
            var scenario = strict()
            for second in [20, 70, 130] as [Int64] {
                scenario.faults.append((second * 1_000_000, .crash(node: .leader, restartAfter: 1_000_000)))
            }
            return scenario
        },
        KnownFailure(
            "frozen-leader", "a leader that stood still wakes up, and grants as if it still led; nothing is shared, nothing is fenced",
            without: .leaderForgetsItsEnd
        ) {
            var scenario = strict()
            for second in 1...5 as ClosedRange<Int64> {
                scenario.faults.append((second * 31_000_000, .freeze(node: .leader, for: 59_000_000)))
            }
            return scenario
        },
    ]
}

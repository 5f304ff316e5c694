import SluiceCoordination

extension KnownFailure {
    /// Some processes that all want a few keys, with answers that take a while.
    private static func popular(_ keys: Int) -> Scenario {
        var scenario = strict(2, "30/2s")
        scenario.nodes = 4
        scenario.callers = 5
        scenario.length = 20_000_000
        scenario.mirrorLatency = 100_000...900_000
        scenario.deadline = 30_000_000...60_000_000
        scenario.keys = keys
        scenario.keyed = 1
        scenario.freshness = 500...1_500
        scenario.flightLease = 1_000_000
        return scenario
    }

    /// Who fetches a key, and whose answer counts.
    static let keys: [KnownFailure] = [
        KnownFailure("stampede", "an answer that everybody wants runs out, and everybody fetches it", without: .noFlight) { popular(2) },
        KnownFailure(
            "late-fill", "a process that stood still wakes up, and stores an answer older than what was changed meanwhile",
            without: .noFillFence
        ) {
            var scenario = popular(2)
            for turn in 0..<9 as Range<Int64> {
                scenario.changes.append((turn * 2_000_000 + 900_000, Int(turn % 2)))
                scenario.faults.append((turn * 2_000_000 + 700_000, .freeze(node: .place(Int(turn % 4)), for: 3_000_000)))
            }
            return scenario
        },
        KnownFailure(
            "dead-holder", "who fetches dies, no message tells of it, and those who wait for his answer wait until their deadline",
            without: .noSecondLook
        ) {
            var scenario = popular(2)
            // Nobody else comes who would find that the right has lapsed.
            scenario.nodes = 2
            scenario.length = 60_000_000
            // Somebody fetches most of the time, so whoever dies is often in the middle of it.
            scenario.mirrorLatency = 300_000...900_000
            for turn in 0..<4 as Range<Int64> {
                scenario.faults.append((turn * 14_000_000 + 3_000_000, .crash(node: .place(Int(turn % 2)), restartAfter: 10_000_000)))
            }
            scenario.longestWait = 5_000_000
            return scenario
        },
    ]
}

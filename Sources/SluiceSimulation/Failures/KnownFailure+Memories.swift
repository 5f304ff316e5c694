import SluiceCoordination

extension KnownFailure {
    /// What the ledger and its callers remember, and what wakes whom.
    static let memories: [KnownFailure] = [
        KnownFailure(
            "short-ttl", "the ledger's keys live for less than the window; after a quiet while nobody knows of it", without: .shortLife
        ) {
            var scenario = strict()
            scenario.nodes = 1
            // Somebody who calls once and leaves, and another a quarter of a minute later.
            for second in 1...6 as ClosedRange<Int64> {
                scenario.faults.append((second * 25_000_000, .leave(node: 0, restartAfter: 18_000_000)))
            }
            return scenario
        },
        KnownFailure("data-lost", "Redis loses its data, and the window begins anew", without: .noMemoryOfData) {
            var scenario = strict()
            for second in 1...5 as ClosedRange<Int64> { scenario.faults.append((second * 31_000_000, .dataLoss)) }
            return scenario
        },
        KnownFailure("clock-stepped", "the clock of Redis' host is set forward, and every slot comes free at once", without: .noClockBounds)
        {
            var scenario = strict()
            for second in 1...5 as ClosedRange<Int64> {
                scenario.faults.append((second * 31_000_000, .clockStep(by: 3_600_000_000)))
            }
            return scenario
        },
        KnownFailure(
            "newcomer", "the clock of Redis' host is set forward, and the first to call afterwards has just started", without: .noDoubt
        ) {
            var scenario = strict()
            scenario.nodes = 2
            for second in 1...9 as ClosedRange<Int64> {
                scenario.faults.append((second * 7_000_000, .crash(node: .place(1), restartAfter: 500_000)))
                scenario.faults.append((second * 7_000_000 + 499_000, .clockStep(by: 3_600_000_000)))
            }
            return scenario
        },
        KnownFailure(
            "lax-leader", "a process that was configured with less is granted by a leader that knows nothing of it",
            without: .noAnnouncement
        ) {
            var scenario = strict(1, "20/2s")
            scenario.length = 20_000_000
            scenario.nodes = 4
            // Bounds are kept by construction.
            scenario.configurations = [[try! MirrorRules(name: "a", limits: [try! RateLimit("8/2s")])]]
            scenario.configured = [nil, nil, nil, 0]
            // The stricter one joins under load.
            scenario.faults = [(5_000_000, .crash(node: 3, restartAfter: 3_000_000))]
            return scenario
        },
        KnownFailure("lost-wake-up", "a message is lost, and who waited for it waits until its deadline", without: .noRepetition) {
            var scenario = strict(2, "20/2s")
            scenario.length = 60_000_000
            scenario.nodes = 4
            scenario.callers = 1
            scenario.rest = 0...1_000_000
            // More, and beats would be missed so often that nodes serve themselves.
            scenario.messageLoss = 0.1
            scenario.deadline = 30_000_000...60_000_000
            scenario.longestWait = 5_000_000
            return scenario
        },
    ]
}

import SluiceCoordination

extension KnownFailure {
    /// What leaves on a slot, and when.
    static let requests: [KnownFailure] = [
        KnownFailure(
            "silent-second-send", "curl sends a request again when a kept connection dies; nobody counts it", without: .silentSecondSend
        ) {
            strict()
        },
        KnownFailure("redirects", "a client that follows redirects sends two requests on one slot", without: .followsRedirects) {
            var scenario = strict()
            var manner = MirrorManner()
            manner.redirects = 0.2
            scenario.manners = [manner]
            return scenario
        },
        KnownFailure("late-send", "a process stands still between getting its slot and sending, and then sends", without: .noSendBy) {
            var scenario = strict(1, "20/2s")
            scenario.length = 40_000_000
            scenario.timeout = 500_000
            scenario.pause = 0...1_500_000
            for turn in 0..<5 as Range<Int64> {
                scenario.faults.append((2_500_000 + turn * 7_300_000, .freeze(node: .place(Int(turn % 2)), for: 6_500_000)))
            }
            return scenario
        },
        KnownFailure("aborted", "a request that was cut off is taken for over, and arrives after that", without: .noAbortGuard) {
            var scenario = strict(1, "20/2s")
            scenario.length = 20_000_000
            scenario.timeout = 1_000_000
            scenario.mirrorLatency = 500...3_900_000
            return scenario
        },
    ]

    /// How upstreams count that have no sliding log.
    static let upstreams: [KnownFailure] = [
        KnownFailure("sliding-counter", "a burst at a mirror that weighs the window before as if it had been even", without: .noBurst) {
            var scenario = strict(1, "30/60s", burst: 1)
            scenario.upstreams = [.slidingCounter]
            scenario.rest = 0...10_000_000
            return scenario
        },
        KnownFailure("small-bucket", "a burst at a mirror whose bucket is smaller than its limit", without: .noBurst) {
            var scenario = strict(1, "30/60s", burst: 5)
            scenario.upstreams = [.bucket(5)]
            return scenario
        },
    ]
}

package import SluiceLoop

/// What became of slots of one grant.
package struct SettledSlots: Hashable, Sendable {
    /// When requests completed, in the order in which that became known.
    package private(set) var completed = Runs<Instant>()
    /// How many slots were provably not used.
    package private(set) var unsent = 0
    /// How many of all these requests the mirror answered, how many failed, and how many could not leave (see `MirrorReach`).
    package private(set) var answered = 0
    package private(set) var failed = 0
    package private(set) var unreached = 0
    /// How long answers took, in µs, where that is known.
    private var latencies: [Int64] = []

    package init() {}

    /// How many slots this speaks of.
    package var count: Int { completed.count + unsent }

    /// Half of the answers took longer than so many µs; nil when there are none.
    package var latency: Int64? { latencies.isEmpty ? nil : latencies.sorted()[latencies.count / 2] }

    package mutating func add(_ outcome: SlotOutcome, count: Int, fare: SlotFare) {
        switch outcome {
        case .completed(let instant): completed.append(instant, count: count)
        case .unsent: unsent += count
        }
        switch fare {
        case .unknown: break
        case .failed: failed += count
        case .unreached: unreached += count
        case .answered(let latency):
            answered += count
            if let latency { latencies.append(contentsOf: repeatElement(latency, count: count)) }
        }
    }
}

package import SluiceLoop

/// How this node fares with one mirror, and how long to leave it alone after failures; a pure value.
///
/// A pause goes into the ledger, so it holds for the whole pool. Two failures in a row start one; each further failure
/// doubles it; one success ends the series.
///
/// Attempts that were under way together fail together: only one of them counts, or a mirror that restarts once would be left
/// alone for the longest time.
package struct MirrorHealth: Hashable, Sendable {
    /// Failures in a row after which a mirror is paused.
    static let patience = 2
    /// The first pause and the longest, in microseconds.
    static let firstPause: Int64 = 500_000
    static let longestPause: Int64 = 30_000_000
    /// The pause after a refusal that names none, and the longest such pause.
    static let firstRefusal: Int64 = 1_000_000
    static let longestRefusal: Int64 = 60_000_000

    private(set) var failures = 0
    private(set) var refusals = 0
    /// When a failure or refusal last counted.
    private var countedAt = Instant(microseconds: .min)
    private var latencies: [Int64] = []
    private var next = 0

    package init() {}

    /// The mirror answered, after so many microseconds.
    package mutating func succeeded(latency: Int64) {
        failures = 0
        refusals = 0
        if latencies.count < 64 {
            latencies.append(latency)
        } else {
            latencies[next] = latency
            next = (next + 1) % latencies.count
        }
    }

    /// The mirror did not answer; returns how long to pause it, nil for not yet.
    package mutating func failed(startedAt: Instant, now: Instant) -> Int64? {
        guard startedAt >= countedAt else { return nil }
        countedAt = now
        failures += 1
        guard failures >= Self.patience else { return nil }
        return min(Self.firstPause << Int64(min(failures - Self.patience, 16)), Self.longestPause)
    }

    /// The mirror refused for want of quota; returns how long to pause it.
    /// - Parameter asked: what its answer asked for, in microseconds.
    package mutating func refused(asked: Int64?, startedAt: Instant, now: Instant) -> Int64 {
        if startedAt >= countedAt {
            countedAt = now
            refusals += 1
        }
        return asked ?? min(Self.firstRefusal << Int64(min(max(refusals, 1) - 1, 16)), Self.longestRefusal)
    }

    /// The median of the last 64 latencies, in microseconds; nil before the first answer.
    var medianLatency: Int64? { latencies.isEmpty ? nil : latencies.sorted()[latencies.count / 2] }
}

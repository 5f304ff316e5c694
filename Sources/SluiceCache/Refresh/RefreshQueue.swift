internal import SluiceLoop

/// What is worth a slot that nobody wants, the worthiest first. Pure.
///
/// A refresh is worth what it will serve: the hits that the answer had in its life so far tell how many the next life brings,
/// and the part of its life that is used up is what a refresh adds. So the rank is hits × used-up share; one that still has
/// life left wins nothing by being early, and one that nobody asks for is never refreshed.
struct RefreshQueue: Sendable {
    /// An entry that could be refreshed.
    struct Candidate: Sendable {
        let key: CacheKey
        /// The version that is to be replaced: when there is another, nothing is left to do.
        let version: String
        let hits: Int
        let bornAt: Instant
        let freshUntil: Instant
        /// Whether it was asked for after its freshness had ended, and served stale.
        let isStale: Bool

        /// Hits × used-up share of its freshness.
        func worth(at now: Instant) -> Double {
            let life = max(1, freshUntil.microseconds(since: bornAt))
            return Double(max(1, hits)) * min(1, Double(max(0, now.microseconds(since: bornAt))) / Double(life))
        }
    }

    /// How many candidates wait at most; a newcomer takes the place of the least worthy.
    static let limit = 1_024

    private var candidates: [CacheKey: Candidate] = [:]

    /// How many wait.
    var count: Int { candidates.count }

    /// Adds a candidate, in place of an older one for its key.
    mutating func insert(_ candidate: Candidate, now: Instant) {
        if candidates.count >= Self.limit, candidates[candidate.key] == nil,
            let least = candidates.values.min(by: { $0.worth(at: now) < $1.worth(at: now) })
        {
            guard least.worth(at: now) < candidate.worth(at: now) else { return }
            candidates[least.key] = nil
        }
        candidates[candidate.key] = candidate
    }

    /// Takes the worthiest candidate out. Those whose freshness has ended while they waited are dropped: if they are still wanted,
    /// somebody asks for them, and they come back as stale.
    mutating func popWorthiest(now: Instant) -> Candidate? {
        candidates = candidates.filter { $0.value.isStale || now < $0.value.freshUntil }
        guard let best = candidates.values.max(by: { $0.worth(at: now) < $1.worth(at: now) }) else { return nil }
        candidates[best.key] = nil
        return best
    }
}

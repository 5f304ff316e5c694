/// What one mirror allows. Every rule must have room before a slot is given.
package struct MirrorRules: Hashable, Sendable {
    /// The mirror's name in keys, metrics and messages: 1 to 64 characters of `[A-Za-z0-9._-]`.
    package let name: String
    /// At most four, of different windows, shortest window first.
    package let limits: [RateLimit]
    /// At most so many at once, then one per window/count; nil: the whole limit at once is welcome.
    package let burst: Int64?
    /// At most so many requests under way; nil: no such cap.
    package let concurrency: Int64?

    package static let mostLimits = 4

    /// Of two limits with the same window the stricter one is kept.
    /// - Throws: `RulesError`, naming the mirror and the rule that cannot be kept.
    package init(name: String, limits: [RateLimit], burst: Int64? = nil, concurrency: Int64? = nil) throws(RulesError) {
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(\.isNameByte) else {
            throw RulesError("“\(name)” is no name for a mirror: use 1 to 64 letters, digits, dots, dashes and underscores.")
        }
        var strictest: [Int64: RateLimit] = [:]
        for limit in limits {
            if let known = strictest[limit.window], known.count <= limit.count { continue }
            strictest[limit.window] = limit
        }
        guard strictest.count <= Self.mostLimits else {
            throw RulesError("Mirror \(name) has limits for \(strictest.count) windows: give at most \(Self.mostLimits).")
        }
        for (rule, value) in [("burst", burst), ("concurrency", concurrency)] {
            guard let value, !RateLimit.countBounds.contains(value) else { continue }
            throw RulesError("Mirror \(name) has \(rule)=\(value): give between 1 and 10000000, or leave it out.")
        }
        guard burst == nil || !limits.isEmpty else {
            throw RulesError("Mirror \(name) has a burst but no limit to pace it by: add one, for instance limit=30/60s.")
        }
        self.name = name
        self.limits = strictest.values.sorted { $0.window < $1.window }
        self.burst = burst
        self.concurrency = concurrency
    }

    /// Whether a request that ends makes room at once, and not only a window later: where requests under way or a burst are capped.
    package var makesRoomAtOnce: Bool { concurrency != nil || burst != nil || limits.isEmpty }

    /// Of what other rules say, which were checked.
    init(agreedFor name: String, limits: [RateLimit], burst: Int64?, concurrency: Int64?) {
        self.name = name
        self.limits = limits
        self.burst = burst
        self.concurrency = concurrency
    }
}

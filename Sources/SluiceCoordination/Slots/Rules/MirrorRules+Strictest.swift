/// What counts where members are configured differently: the strictest of everything.
extension MirrorRules {
    /// The rules that satisfy all of these: under each window the lowest count, of bursts and caps the lowest.
    ///
    /// Where more windows come together than a mirror may have, the two shortest become one that is stricter than both: the lower
    /// count in the longer window. The same in `rules.lua`.
    /// - Returns: nil for none.
    package static func strictest(_ all: [MirrorRules]) -> MirrorRules? {
        guard let first = all.first else { return nil }
        guard all.count > 1 else { return first }
        var counts: [Int64: Int64] = [:]
        for limit in all.flatMap(\.limits) { counts[limit.window] = min(counts[limit.window] ?? .max, limit.count) }
        var limits = counts.sorted { $0.key < $1.key }.map { (count: $0.value, window: $0.key) }
        while limits.count > mostLimits {
            let shortest = limits.removeFirst()
            limits[0].count = min(limits[0].count, shortest.count)
        }
        return MirrorRules(
            agreedFor: first.name, limits: limits.map { RateLimit(agreed: $0.count, in: $0.window) },
            burst: all.compactMap(\.burst).min(), concurrency: all.compactMap(\.concurrency).min())
    }

    /// In words, as it is configured: `30/1m 1000/1d burst=5 concurrency=4`.
    package var words: String {
        var parts = limits.map(\.description)
        if let burst { parts.append("burst=\(burst)") }
        if let concurrency { parts.append("concurrency=\(concurrency)") }
        return parts.isEmpty ? "no limit" : parts.joined(separator: " ")
    }

    /// As the ledger keeps it: `burst,concurrency;count/window;count/window`, windows in µs, 0 for what there is not.
    package var text: String {
        limits.reduce("\(burst ?? 0),\(concurrency ?? 0)") { $0 + ";\($1.count)/\($1.window)" }
    }

    /// Reads what `text` wrote; nil when it is not of this form, or impossible.
    package init?(name: String, text: Substring) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        let caps = parts[0].split(separator: ",", omittingEmptySubsequences: false).map { Int64($0) }
        guard caps.count == 2, let burst = caps[0], let concurrency = caps[1] else { return nil }
        do throws(RulesError) {
            var limits: [RateLimit] = []
            for part in parts.dropFirst() {
                let numbers = part.split(separator: "/", omittingEmptySubsequences: false).map { Int64($0) }
                guard numbers.count == 2, let count = numbers[0], let window = numbers[1] else { return nil }
                limits.append(try RateLimit(count: count, window: window))
            }
            try self.init(
                name: name, limits: limits, burst: burst == 0 ? nil : burst, concurrency: concurrency == 0 ? nil : concurrency)
        } catch {
            return nil
        }
    }
}

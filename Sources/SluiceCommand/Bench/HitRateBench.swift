import SluiceCache

/// `sluice bench hitrate`: the memory tier's policy on a trace, beside least recently used and the optimum.
struct HitRateBench: Sendable {
    /// The trace's file.
    var path: String
    /// How many entries the cache may hold.
    var size: Int
    /// Over how many shards the keys are spread.
    var shards: Int
    /// Whether to print JSON.
    var isJSON: Bool

    /// Replays the trace; the report.
    func report() throws(UsageError) -> String {
        let trace = try CacheTrace(path: path)
        var ours = TraceReplay(size: size, shards: shards)
        var recent = RecentlyUsedReplay(size: size)
        var (ourHits, recentHits) = (0, 0)
        for request in trace.requests {
            if ours.request(request) { ourHits += 1 }
            if recent.request(request) { recentHits += 1 }
        }
        let optimalHits = OptimalReplay.hits(trace.requests, size: size)
        func percent(_ hits: Int) -> String { BenchText.decimal(100 * Double(hits) / Double(trace.requests.count), 1) }
        if isJSON {
            return "{\"requests\":\(trace.requests.count),\"distinct\":\(trace.distinct),\"size\":\(size),\"shards\":\(shards),"
                + "\"sluice\":\(percent(ourHits)),\"lru\":\(percent(recentHits)),\"opt\":\(percent(optimalHits))}"
        }
        var table = TextTable([
            ("requests", .right), ("distinct", .right), ("size", .right), ("LRU", .right), ("sluice", .right), ("OPT", .right),
        ])
        table.add([
            "\(trace.requests.count)", "\(trace.distinct)", "\(size)", percent(recentHits), percent(ourHits), percent(optimalHits),
        ])
        return table.lines.joined(separator: "\n")
    }
}

import SluiceLoop

/// What the mirrors' arrival times tell of a run: how much of what the limits allow was used, and where it stood still. Pure.
struct FaultFigures {
    /// Arrivals at all mirrors.
    let requests: Int
    /// Of what the limits allow from the first arrival to the last, both included, the part that came; 1 when nothing was wasted.
    let utilisation: Double
    /// The longest time without an arrival at any mirror.
    let longestGap: Duration
    /// The longest part of such a time in which some mirror would have accepted a request.
    let longestIdle: Duration

    /// - Parameters:
    ///   - arrivals: for each mirror, in order of time.
    ///   - count: what each mirror allows in any `window`.
    init(arrivals: [[Instant]], count: Int, window: Duration) {
        let merged = arrivals.enumerated().flatMap { mirror, instants in instants.map { (at: $0, mirror: mirror) } }.sorted {
            $0.at < $1.at
        }
        requests = merged.count
        let span = merged.last.map { $0.at.microseconds(since: merged[0].at) } ?? 0
        let allowed = Double(arrivals.count * count) * (Double(span) / Double(window.microseconds) + 1)
        utilisation = allowed > 0 ? Double(merged.count) / allowed : 0

        var gap: Int64 = 0
        var idle: Int64 = 0
        var seen = Array(repeating: 0, count: arrivals.count)
        for (earlier, later) in zip(merged, merged.dropFirst()) {
            seen[earlier.mirror] += 1
            gap = max(gap, later.at.microseconds(since: earlier.at))
            // A mirror has room once the count-th last arrival has left its window.
            let room = arrivals.indices.map { mirror in
                seen[mirror] < count ? earlier.at : max(earlier.at, arrivals[mirror][seen[mirror] - count].advanced(by: window))
            }
            idle = max(idle, later.at.microseconds(since: room.min() ?? later.at))
        }
        longestGap = .microseconds(gap)
        longestIdle = .microseconds(idle)
    }
}

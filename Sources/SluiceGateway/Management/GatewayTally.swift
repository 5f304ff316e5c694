/// What a gateway counts.
struct GatewayTally: Sendable {
    /// Upper bounds of the classes of time, in microseconds: from a hit in memory to the longest wait for a slot.
    static let bounds: [Int64] = [
        100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
    ]

    /// Answers by status, 0 to 599.
    private(set) var answers = [UInt64](repeating: 0, count: 600)
    /// Answers by the first of ``bounds`` that they kept; in the last place those above all.
    private(set) var classes = [UInt64](repeating: 0, count: bounds.count + 1)
    /// The sum of all times, in microseconds.
    private(set) var total: Int64 = 0
    /// Requests that wait for the pool.
    var inFlight = 0

    /// Counts an answer.
    /// - Parameter microseconds: from the request's complete head to the answer.
    mutating func note(_ status: Int, after microseconds: Int64) {
        if answers.indices.contains(status) { answers[status] += 1 }
        classes[Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count] += 1
        total += max(0, microseconds)
    }
}

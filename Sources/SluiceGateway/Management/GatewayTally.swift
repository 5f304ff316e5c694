/// What a gateway counts.
struct GatewayTally: Sendable {
    /// Answers by status, 0 to 599.
    private(set) var answers = [UInt64](repeating: 0, count: 600)
    /// Requests that wait for the pool.
    var inFlight = 0

    /// Counts an answer.
    mutating func note(_ status: Int) { if answers.indices.contains(status) { answers[status] += 1 } }
}

package import SluiceCoordination

/// What a run showed.
package struct Outcome: Sendable {
    /// The most that a mirror received in one window of one of its limits, where that is most beside what it allows.
    package struct Worst: Sendable, CustomStringConvertible {
        package var mirror: String
        package var count: Int64
        package var limit: RateLimit
        package var description: String { "\(count) of \(limit) at \(mirror)" }
    }

    /// What was broken, with when; empty when everything held.
    package var broken: [String] = []
    /// Breaches of a limit that nobody could have known to be any, with when; see `Amnesia`.
    package var excused: [String] = []
    /// Requests that mirrors received.
    package var requests = 0
    /// Calls that got a slot, and calls that were refused by their deadline.
    package var served = 0
    package var refused = 0
    /// The longest that a caller waited for its slot or its refusal, in microseconds of its node's clock.
    package var longestWait: Int64 = 0
    /// What requests for keys were good for.
    package var needs = NeedAudit()
    /// How often somebody was elected.
    package var elections = 0
    package var worst: Worst?
    /// The most that a mirror's own count stood at when a request came, where it counts in another way than its limits say; 0 where
    /// none does.
    package var worstByOwnCount = 0.0
    /// How fast requests started, as a share of the fastest that the limits allow, from the first request on.
    package var utilisation = 0.0
    /// The longest time without a request at any mirror while callers called, from a second after the first request on, in microseconds.
    package var longestGap: Int64 = 0
    /// Slots that callers at each place got, from `Scenario.sharesFrom` on.
    package var shares: [Int] = []
    /// What happened, line by line, when it was asked for.
    package var trace: [String] = []

    /// Jain's index of the places' shares (Jain, Chiu, Hawe, 1984): 1 when all got the same, 1/n when one got all.
    package var fairness: Double {
        let sum = shares.reduce(0) { $0 + Double($1) }
        let squares = shares.reduce(0) { $0 + Double($1) * Double($1) }
        return squares == 0 ? 1 : sum * sum / (Double(shares.count) * squares)
    }
}

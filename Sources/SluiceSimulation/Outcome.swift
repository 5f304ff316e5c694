/// What a run showed.
package struct Outcome: Sendable {
    /// What was broken, with when; empty when everything held.
    package var broken: [String] = []
    /// Requests that mirrors received.
    package var requests = 0
    /// Calls that got a slot, and calls that were refused by their deadline.
    package var served = 0
    package var refused = 0
    /// How often somebody was elected.
    package var elections = 0
    /// Requests as a share of what the limits would have let start in the same time, at best.
    package var utilisation = 0.0
    /// What happened, line by line, when it was asked for.
    package var trace: [String] = []
}

import SluiceLoop

/// How long a lease lasts and how often it is renewed, in microseconds.
///
/// A leader counts its lease from the moment it *sent* the request that won or renewed it, and Redis counts from the
/// moment it ran it; the leader therefore stops first. Two leaders at once cost nothing but time in any case: the ledger
/// refuses an epoch that is not current.
package struct ElectionTimings: Hashable, Sendable {
    /// How long a lease lasts without a renewal. A killed leader is replaced this long after its last one.
    package var lease: Int64 = 2_000_000
    /// How often the leader renews; each renewal is also the beat that the other nodes hear.
    package var renewal: Int64 = 100_000
    /// The random delay before a node campaigns, so that not all do at once.
    package var jitter: Int64 = 20_000
    /// How long after the last beat a node stops waiting for the leader and reserves for itself.
    package var silence: Int64 = 200_000

    package init() {}

    /// Timings for a lease: renewal is a twentieth of it, between 20 and 100 ms; silence two and a half renewals,
    /// and no more than 200 ms, so that no waiter is without slots for a quarter of a second when a leader dies.
    package init(lease: Duration) {
        self.lease = lease.microseconds
        renewal = min(100_000, max(20_000, self.lease / 20))
        jitter = min(20_000, renewal / 2)
        silence = min(200_000, renewal * 5 / 2)
    }

    /// - Throws: `CoordinationError` with code `.invalidConfiguration` unless lease > 2 × renewal, renewal > jitter ≥ 0,
    ///   and silence lies between renewal and lease.
    package func validate() throws(CoordinationError) {
        func refuse(_ what: String) -> CoordinationError {
            CoordinationError(code: .invalidConfiguration, message: what)
        }
        guard renewal > 0 else { throw refuse("the renewal interval is \(renewal / 1_000) ms; it must be positive") }
        guard lease > 2 * renewal else {
            throw refuse(
                "the lease (\(lease / 1_000) ms) must be more than twice the renewal interval (\(renewal / 1_000) ms); make the lease longer"
            )
        }
        guard jitter >= 0, renewal > jitter else {
            throw refuse("the jitter (\(jitter / 1_000) ms) must be shorter than the renewal interval (\(renewal / 1_000) ms)")
        }
        guard silence > renewal, silence < lease else {
            throw refuse(
                "the silence bound (\(silence / 1_000) ms) must lie between the renewal interval (\(renewal / 1_000) ms) and the lease (\(lease / 1_000) ms)"
            )
        }
    }
}

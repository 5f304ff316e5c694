internal import SluiceRedis

/// What the lookup script found.
struct LookupAnswer: Sendable {
    /// The record in Redis.
    enum Found: Sendable {
        /// There is none, or none that can be read.
        case none
        /// The one that the caller has.
        case same
        case whole(CacheRecord)
    }

    /// The right to fetch.
    enum FlightState: Sendable {
        /// The record is fresh.
        case unneeded
        /// It is ours now.
        case taken
        /// Somebody else's, for so long if nothing is heard from them.
        case held(leaseMicroseconds: Int64)
        /// Redis takes no writes, so nobody can have it: a replica, say.
        case refused(RedisError)
        /// Nobody's: the key's answers are not kept, so there is nothing to wait for.
        case declined
    }

    /// The record.
    var found: Found
    /// Who may fetch.
    var flight: FlightState
    /// The server's time in milliseconds.
    var serverTime: Int64
    /// How many purges there had been: by now, or when the flight was taken if it is ours.
    var purges: Int64

    /// The same, where the flight could not be had.
    func refused(_ error: RedisError) -> LookupAnswer {
        LookupAnswer(found: found, flight: .refused(error), serverTime: serverTime, purges: purges)
    }
}

package import SluiceLoop

/// What a flight wants done.
package enum FlightEffect: Sendable, Hashable {
    /// Ask Redis for the record, and for the flight if there is none fresh. The attempt names the token: asking again with the
    /// same one is harmless. `isAhead`: the flight is wanted though the record that we have is fresh.
    case lookUp(attempt: UInt64, isAhead: Bool = false)
    /// Start the fetch.
    case fetch(attempt: UInt64, deadline: Instant, isRefresh: Bool)
    /// Nobody needs that fetch any more.
    case cancelFetch(attempt: UInt64)
    /// Keep the flight, and learn whether it still is ours.
    case renew(attempt: UInt64)
    /// Store what was fetched.
    case fill(attempt: UInt64)
    /// Give the flight back, so that another process can take it.
    case abandon(attempt: UInt64)
    /// Give the flight back, and tell other processes that the key's answers are not kept: they need not wait for each other.
    case decline(attempt: UInt64)
    /// End these callers' wait.
    case answer([UInt64], FlightOutcome)
    /// Nothing is left to do: forget the flight.
    case end
}

/// What a caller gets.
package enum FlightOutcome: Sendable, Hashable {
    /// The fresh record that the lookup found.
    case record
    /// The stale record at hand.
    case stale
    /// What the mirror answered.
    case fetched
    /// The error that the lookup or the fetch ended with.
    case failure
    /// A deadline error, or the stale record if there is one. The flight was waiting for … `isLate`: the caller asked after a change was
    /// heard, and the record at hand is from before it.
    case deadline(FlightHold, isLate: Bool = false)
}

/// What a flight was waiting for when a deadline passed.
package enum FlightHold: Sendable, Hashable {
    /// Redis; another process's fill; its own fetch.
    case redis, anotherProcess, mirror
}

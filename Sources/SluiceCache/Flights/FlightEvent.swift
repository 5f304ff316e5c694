package import SluiceLoop

/// What can happen to a flight.
package enum FlightEvent: Sendable, Hashable {
    /// A caller asks, and will wait until its deadline. `insists`: nothing stale will do as long as something fresh may come.
    /// `recency`: since when a mirror must have given what is to do.
    case joined(waiter: UInt64, deadline: Instant, insists: Bool = false, recency: Recency = .any)
    /// A stale answer was served, or one that nears its end (`isAhead`); the record should be refreshed, if that is possible by then.
    case refreshWanted(deadline: Instant, isAhead: Bool = false)
    /// A caller was cancelled.
    case left(waiter: UInt64)
    /// Redis answered a lookup, or could not.
    case lookedUp(attempt: UInt64, LookupReply)
    /// The key's invalidation message arrived, or everything's; or this process purged it.
    case invalidated
    /// What was fetched, of which the flight is told next, is older than a purge; those callers asked after it whose numbers are higher.
    case outdated(callersAbove: UInt64)
    /// Messages reach us again: some may have been lost in between.
    case trackingRestored
    /// Redis said whether the flight still is ours; nil when it could not be asked.
    case renewed(attempt: UInt64, isValid: Bool?)
    /// The request has left, or has ended without an answer and is to be followed by another one.
    case onTheWay(attempt: UInt64, Bool)
    /// The mirror answered, or the fetch failed.
    case fetched(attempt: UInt64, FetchEnding)
    /// Redis took the record, or refused it; nil when it could not be asked.
    case filled(attempt: UInt64, isAccepted: Bool?)
    /// Time has passed: see ``Flight/nextTick``.
    case ticked
}

/// What a lookup found.
package enum LookupReply: Sendable, Hashable {
    /// A fresh record.
    case fresh
    /// No fresh record; the flight is ours, and so is the fetch. `servable`: there is a record that may be served meanwhile.
    case taken(servable: Bool)
    /// The record is fresh and the flight is ours all the same, since it is to be refreshed ahead, or too old for some who wait.
    case takenAhead
    /// The record is fresh, but too old for some who wait, and another process fetches it anew.
    case heldAhead(leaseMicroseconds: Int64)
    /// No fresh record; another process (or an earlier flight of this one) fetches it, with so much of its lease left.
    case held(leaseMicroseconds: Int64, servable: Bool)
    /// No fresh record, and answers are not kept: fetch without a flight.
    case declined(servable: Bool)
    /// Redis could not be reached. `servable`: there is a record in memory that may be served stale.
    case unreachable(servable: Bool)
    /// Redis answered with an error that will not pass by itself.
    case failed(servable: Bool)
}

/// How a fetch ended.
package enum FetchEnding: Sendable, Hashable {
    /// With an answer to keep.
    case storable
    /// With an answer that must not be kept, nor will be the next one's.
    case unstorable
    /// With a mirror's error, which concerns only those who wait now.
    case errorAnswer
    /// Without a request: it was a refresh, and no slot could be spared.
    case noSpareSlot
    /// With an error. `deadlineBound`: a later deadline might have helped. `servable`: there is a record that may be served stale.
    case failed(deadlineBound: Bool, servable: Bool)
}

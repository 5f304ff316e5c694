internal import SluiceLoop

/// A flight with what its decisions are about: callers, fetch, record. Confined to the cache that owns it.
final class FlightCell {
    /// What resumes a caller.
    typealias Continuation = CheckedContinuation<CacheAnswer, any Error>

    /// What the flight is for.
    let key: CacheKey
    /// How the first caller wants the answer kept.
    let policy: CachePolicy
    /// The first caller's fetch, which the flight uses.
    let fetch: ResponseCache.Fetch
    /// How urgent that is to those who wait.
    let urgency: FetchUrgency
    /// The decisions.
    var flight: Flight
    /// The record at hand: from memory at first, then what the lookup found.
    var entry: MemoryEntry?
    /// Where `entry` is from.
    var source = CacheAnswer.Source.memory
    /// What was fetched, while it is stored and after.
    var draft: RecordDraft?
    /// Whether the draft was stored.
    var isFilled = false
    /// Why the lookup or the fetch failed.
    var failure: (any Error)?
    /// The fetch under way, so that it can be cancelled.
    var fetchTask: Task<Void, Never>?
    /// The attempt's token.
    var token = ""
    /// The attempt that the token belongs to.
    var tokenAttempt: UInt64 = 0
    /// Since when a mirror must have given the record, for all for whom it was looked up; nil: whenever.
    var askedSince: Instant?
    /// How many purges there had been when the flight was taken.
    var purges: Int64 = 0
    /// The earliest wake that has been noted.
    var wakesAt = Instant.distantFuture
    /// What it refreshes, when it was begun for that.
    var refreshed: RefreshQueue.Candidate?
    /// Whether this flight itself brought the record into memory.
    var hasRead = false
    /// Whether another process's fetch was waited for.
    var hasWaited = false
    /// How many purges of tags this process knew of at the lookup; only a cache with Redis asks.
    var tagPurges: Int64 = 0
    /// A number that only those callers are above who asked after the first purge of a tag since the lookup; nil: there was none.
    var lastBeforeTagPurge: UInt64?
    /// Whether this process purged the key since the lookup; only an embedded cache asks.
    var isPurged = false

    private var callers: [UInt64: Continuation] = [:]
    /// Whose fetch it is.
    private var first: UInt64?

    /// A flight that has not begun.
    init(key: CacheKey, policy: CachePolicy, urgency: Int, timing: Flight.Timing, fetch: @escaping ResponseCache.Fetch) {
        self.key = key
        self.policy = policy
        self.fetch = fetch
        self.urgency = FetchUrgency(urgency)
        flight = Flight(timing: timing)
    }

    /// How many wait.
    var callerCount: Int { callers.count }

    /// Adds a caller.
    func join(_ caller: UInt64, _ continuation: Continuation) {
        if first == nil { first = caller }
        callers[caller] = continuation
    }

    /// Takes a caller out.
    func take(_ caller: UInt64) -> Continuation? { callers.removeValue(forKey: caller) }

    /// Takes all callers out.
    func takeCallers() -> [UInt64: Continuation] {
        defer { callers = [:] }
        return callers
    }

    /// Nobody's fetch: whoever joins shares it.
    func belongToNobody() { first = 0 }

    /// Whether this caller started the flight.
    func isFirst(_ caller: UInt64) -> Bool { first == caller }
}

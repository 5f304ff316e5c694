/// Counts since the cache was made, and what it holds now. Each call of ``ResponseCache/answer(for:policy:deadline:fetch:)`` or
/// hit of ``ResponseCache/memoryHit(for:)`` counts once in the first four.
package struct CacheStatistics: Sendable, Hashable {
    /// Answered from this process's memory.
    package var memoryHits: UInt64 = 0
    /// Answered from Redis.
    package var redisHits: UInt64 = 0
    /// Answered by a fetch of this process.
    package var misses: UInt64 = 0
    /// Ended in an error.
    package var errors: UInt64 = 0
    /// Of the answers: those that shared another call's or another process's fetch.
    package var collapsed: UInt64 = 0
    /// Of the answers: those served past their freshness.
    package var staleServed: UInt64 = 0
    /// Fetches started by this process: slots spent, retries aside.
    package var fetches: UInt64 = 0
    /// Of the fetches: those that nobody waited for, since an answer was refreshed before its end or served stale.
    package var refreshes: UInt64 = 0
    /// Refreshes that were put off since no slot could be spared.
    package var refreshesRefused: UInt64 = 0
    /// Fetched answers that Redis would not take, since an invalidation or another holder had overtaken them.
    package var fillsRefused: UInt64 = 0
    /// Fetched answers that Redis could not store: it was full, took no writes, or was out of reach.
    package var fillsFailed: UInt64 = 0
    /// Records that Redis has said were written or deleted, by whomever; all at once (FLUSHALL, a prefix) count as one.
    package var invalidations: UInt64 = 0
    /// Entries taken out of memory to stay within its bound.
    package var evictions: UInt64 = 0
    /// Entries in memory now.
    package var memoryEntries: Int = 0
    /// Bytes in memory now, as the bound counts them.
    package var memoryBytes: Int = 0
    /// Keys with a flight under way now.
    package var flights: Int = 0

    /// All zero.
    package init() {}
}

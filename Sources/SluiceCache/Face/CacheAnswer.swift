/// An answer of the cache, with where it came from.
package struct CacheAnswer: Sendable {
    /// Where an answer was found.
    package enum Source: Sendable, Hashable {
        /// In this process's memory.
        case memory
        /// In Redis.
        case redis
        /// At the mirror of this name.
        case mirror(String)
    }

    /// Status, headers and body.
    package var record: CacheRecord
    /// Where it was found.
    package var source: Source
    /// Whether this call shared a fetch that another call or process had started.
    package var collapsed: Bool
    /// Whether it was past its freshness, and served since its bounds allow it.
    package var stale: Bool
    /// How old the answer is, by its origin (the `Age` of RFC 9111).
    package var age: Duration
    /// How long it is still fresh; negative since when it is stale.
    package var remainingFresh: Duration
}

package import SluiceLoop

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
    /// When the answer was given; the following spans count from there.
    package var givenAt: Instant
    /// How old the answer is, by its origin (the `Age` of RFC 9111).
    package var age: Duration
    /// How long it is still fresh; negative since when it is stale.
    package var remainingFresh: Duration
    /// What the mirror was asked and said, when this answer came from a fetch; nil otherwise.
    package var forward: Forward?

    /// A fetch as the cache saw it.
    package struct Forward: Sendable, Hashable {
        /// The mirror's status: 304 when it confirmed the record at hand.
        package var status: Int
        /// Whether there was a record, past its freshness.
        package var hadRecord: Bool
        /// Whether the answer was stored.
        package var isStored: Bool

        /// A fetch.
        package init(status: Int, hadRecord: Bool, isStored: Bool) {
            self.status = status
            self.hadRecord = hadRecord
            self.isStored = isStored
        }
    }
}

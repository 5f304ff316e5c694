/// A fresh entry that was asked for near its end: it may be worth a refresh ahead.
struct NearingEntry: Sendable {
    let key: CacheKey
    let entry: MemoryEntry
    /// How often it was a hit so far.
    let hits: Int
}

internal import SluiceLoop

/// What all items of one collection's answer have in common on their way into the cache.
///
/// Its validators are left out: they name a version of the whole, and a mirror asked for an item with them could wrongly say that
/// nothing has changed. So are the fields that speak of the whole's bytes.
struct ItemDraft: Sendable {
    /// Fields of the collection that are as true of an item.
    private static let kept: Set<String> = [
        "content-type", "content-language", "cache-control", "expires", "date", "vary", "cache-tag", "surrogate-key", "surrogate-control",
        "server", "access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers",
        "x-content-type-options",
    ]

    /// Tags of the policy and of the collection.
    let tags: [String]
    /// How many purges there had been when the collection was asked for.
    let purges: Int64
    /// When the answer's age was zero.
    let bornAt: Instant
    /// When a mirror gave it.
    private let receivedAt: Instant
    private let mirror: String
    private let headers: [(String, String)]
    private let freshUntil: Instant
    private let lengths: (refresh: Int64, stale: Int64)

    /// Nil when there are more tags than can be kept.
    init?(of collection: CacheAnswer, policy: CachePolicy) {
        let record = collection.record
        mirror = record.mirror
        headers = record.headers.filter { Self.kept.contains($0.name) }.map { ($0, $1) }
        guard let tags = CacheTag.tags(of: headers, policy: policy) else { return nil }
        self.tags = tags
        purges = record.purges
        bornAt = collection.givenAt.advanced(by: .zero - collection.age)
        receivedAt = bornAt.advanced(byMicroseconds: (record.ageWhenStored - record.heldWhenStored) * 1_000)
        freshUntil = collection.givenAt.advanced(by: collection.remainingFresh)
        lengths = (record.refreshUntil - record.freshUntil, record.staleUntil - record.freshUntil)
    }

    /// What is left of the collection's life at a time.
    func spans(at now: Instant) -> RecordSpans {
        let fresh = freshUntil.microseconds(since: now) / 1_000
        return RecordSpans(fresh: fresh, refresh: fresh + lengths.refresh, stale: fresh + lengths.stale)
    }

    /// The record that an item becomes; its times as for a fill.
    func record(_ item: CacheItem, version: String, storedAt: Int64, spans: RecordSpans, now: Instant) -> CacheRecord {
        CacheRecord(
            version: version, status: 200, mirror: mirror, headers: headers, body: item.body, tags: tags, storedAt: storedAt,
            ageWhenStored: max(0, now.microseconds(since: bornAt)) / 1_000,
            heldWhenStored: max(0, now.microseconds(since: receivedAt)) / 1_000, freshUntil: max(0, storedAt + spans.fresh),
            refreshUntil: max(0, storedAt + spans.refresh), staleUntil: max(0, storedAt + spans.stale), purges: purges)
    }
}

internal import SluiceLoop

/// An answer on its way into the cache: everything but the times, which the fill's reply brings.
struct RecordDraft: Sendable {
    /// The HTTP status, that of the confirmed record after a 304.
    var status: Int
    /// The status as the mirror gave it: 304 when it confirmed a record.
    var receivedStatus: Int
    /// Who answered.
    var mirror: String
    /// The fields to keep, names in lower case.
    var headers: [(String, String)]
    /// The body.
    var body: [UInt8]
    /// Tags of the policy and of the answer.
    var tags: [String]
    /// The `ETag`.
    var etag: String?
    /// The `Last-Modified`.
    var lastModified: String?
    /// Whether and for how long it may be kept.
    var freshness: Freshness
    /// The body as Redis is to hold it, when that is worth compressing.
    var packed: PackedBody?
    /// When it began to arrive; its life counts from here.
    var receivedAt: Instant

    /// What an answer becomes by RFC 9111. A 304 takes over the record that it confirms; without one it is an answer like any other.
    init(_ response: FetchedResponse, confirming stale: CacheRecord?, policy: CachePolicy, options: CacheOptions) {
        mirror = response.mirror
        receivedStatus = response.status
        receivedAt = response.receivedAt
        if response.status == 304, let stale {
            status = stale.status
            body = stale.body
            headers = HeaderSelection.updated(stale.headers, status: stale.status, by: response.headers)
        } else {
            status = response.status
            body = response.body
            headers = HeaderSelection.kept(of: response.headers, status: response.status)
        }
        let kept = headers
        etag = kept.first { $0.0 == "etag" }?.1
        lastModified = kept.first { $0.0 == "last-modified" }?.1
        let tags = CacheTag.tags(of: kept, policy: policy)
        self.tags = tags ?? []
        // Age is no header to keep, but counts.
        let age = response.headers.filter { $0.0.lowercased() == "age" }
        freshness = Freshness.of(status: status, headers: kept + age, policy: policy, options: options)
        if body.count > options.bodyLimit || tags == nil { freshness = .none }
        if let threshold = options.compressedFrom, freshness.isStorable, body.count >= threshold { packed = PackedBody(body) }
    }

    /// What is left of its life at a time.
    func spans(at now: Instant) -> RecordSpans {
        let spent = max(0, now.microseconds(since: receivedAt)) / 1_000
        let fresh = freshness.fresh - spent
        return RecordSpans(fresh: fresh, refresh: fresh + freshness.refresh, stale: fresh + max(freshness.refresh, freshness.stale))
    }

    /// The record that it becomes.
    /// - Parameters:
    ///   - storedAt: the server's time at the fill, in milliseconds; 0 for an answer that is passed on unstored.
    ///   - spans: its life from there.
    ///   - purges: how many purges there had been when it was asked for.
    func record(version: String, storedAt: Int64, spans: RecordSpans, purges: Int64) -> CacheRecord {
        CacheRecord(
            version: version, status: status, mirror: mirror, headers: headers, body: body, tags: tags, etag: etag,
            lastModified: lastModified,
            storedAt: storedAt, ageWhenStored: freshness.age * 1_000 + spent(spans), heldWhenStored: spent(spans),
            freshUntil: max(0, storedAt + spans.fresh), refreshUntil: max(0, storedAt + spans.refresh),
            staleUntil: max(0, storedAt + spans.stale), purges: purges, packedDigest: packed?.digest)
    }

    private func spent(_ spans: RecordSpans) -> Int64 { max(0, freshness.fresh - spans.fresh) }
}

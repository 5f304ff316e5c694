import Synchronization

/// One answer as the cache keeps it. Immutable, so that any number of threads share one copy.
///
/// Times are milliseconds of the Redis server's clock (of this process's continuous clock when there is no Redis). They
/// only place the record in Redis; how long it is still fresh is always taken from the reply that brought it, and counted on by this host's continuous
/// clock, so that no two clocks are ever compared.
package final class CacheRecord: Sendable {
    /// Unique in this process to one state of one answer, which `version` is not where somebody wrote over the record in Redis.
    package let serial = CacheRecord.serials.add(1, ordering: .relaxed).newValue
    private static let serials = Atomic<UInt64>(0)
    /// Unique to one fill: whoever has a record with this version, and contents that have not been written over, has the same.
    package let version: String
    /// The HTTP status.
    package let status: Int
    /// The mirror that answered.
    package let mirror: String
    /// The header fields worth keeping, names in lower case.
    package let headers: [(name: String, value: String)]
    /// The body.
    package let body: [UInt8]
    /// What ``ResponseCache/purge(tag:)`` finds it by.
    package let tags: [String]
    /// The `ETag`, as received.
    package let etag: String?
    /// The `Last-Modified`, as received.
    package let lastModified: String?
    /// When it was stored.
    package let storedAt: Int64
    /// How old the answer already was when it was stored, in milliseconds (`Age`).
    package let ageWhenStored: Int64
    /// How much of that it had spent since a mirror gave or confirmed it, in milliseconds.
    package let heldWhenStored: Int64
    /// Until when it is fresh.
    package let freshUntil: Int64
    /// Until when it may be served stale while it is refreshed; never before ``freshUntil``.
    package let refreshUntil: Int64
    /// Until when it may be served stale at all, when mirrors or Redis fail; never before ``refreshUntil``. It is the record's TTL.
    package let staleUntil: Int64
    /// The digest of the body as Redis holds it, when that is compressed.
    let packedDigest: String?
    /// How many purges the pool had seen when it was asked for.
    package let purges: Int64

    /// A record; the times are put in order where they are not.
    package init(
        version: String, status: Int, mirror: String, headers: [(String, String)], body: [UInt8], tags: [String] = [],
        etag: String? = nil, lastModified: String? = nil,
        storedAt: Int64, ageWhenStored: Int64 = 0, heldWhenStored: Int64 = 0, freshUntil: Int64, refreshUntil: Int64, staleUntil: Int64,
        purges: Int64 = 0, packedDigest: String? = nil
    ) {
        self.version = version
        self.status = status
        self.mirror = mirror
        self.headers = headers.map { (name: $0, value: $1) }
        self.body = body
        self.tags = tags
        self.etag = etag
        self.lastModified = lastModified
        self.storedAt = storedAt
        self.ageWhenStored = ageWhenStored
        self.heldWhenStored = min(max(0, heldWhenStored), ageWhenStored)
        self.freshUntil = freshUntil
        self.refreshUntil = max(refreshUntil, freshUntil)
        self.purges = purges
        self.packedDigest = packedDigest
        self.staleUntil = max(staleUntil, max(refreshUntil, freshUntil))
    }

    /// The value of the first field of this name (any case), or nil.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name == wanted }?.value
    }

    /// The validators to ask a mirror with, if the answer brought any.
    package var revalidation: Revalidation? {
        etag == nil && lastModified == nil ? nil : Revalidation(etag: etag, lastModified: lastModified)
    }

    /// Bytes that keeping it in memory costs: contents, and the heap's share for each piece.
    var memoryCost: Int {
        var bytes = body.count + version.utf8.count + mirror.utf8.count + 256 + (packedDigest == nil ? 0 : 64)
        for (name, value) in headers { bytes += name.utf8.count + value.utf8.count + 64 }
        for tag in tags { bytes += tag.utf8.count + 32 }
        bytes += (etag?.utf8.count ?? 0) + (lastModified?.utf8.count ?? 0)
        return bytes
    }
}

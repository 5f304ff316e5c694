package import SluiceLoop

/// What a mirror answered, as the pool's fetch hands it to the cache.
package struct FetchedResponse: Sendable {
    /// The HTTP status; 304 only in answer to a ``Revalidation``.
    package var status: Int
    /// Header fields in the order received; names in any case.
    package var headers: [(String, String)]
    /// The body, decoded from any transfer coding.
    package var body: [UInt8]
    /// The name of the mirror that answered.
    package var mirror: String
    /// When the answer began; its freshness counts from here.
    package var receivedAt: Instant

    /// An answer.
    package init(status: Int, headers: [(String, String)], body: [UInt8], mirror: String, receivedAt: Instant) {
        self.status = status
        self.headers = headers
        self.body = body
        self.mirror = mirror
        self.receivedAt = receivedAt
    }
}

/// Validators of a stale record: a mirror that still has this version may answer 304 without a body.
package struct Revalidation: Sendable, Hashable {
    /// For `If-None-Match`, as it was received.
    package var etag: String?
    /// For `If-Modified-Since`, as it was received.
    package var lastModified: String?

    /// The header fields to send.
    package var headers: [(String, String)] {
        var fields: [(String, String)] = []
        if let etag { fields.append(("If-None-Match", etag)) }
        if let lastModified { fields.append(("If-Modified-Since", lastModified)) }
        return fields
    }

    /// Whether a 304 with these fields speaks of the record that was asked about: with another `ETag` than the record's, compared weakly, it
    /// speaks of another version, which nobody here has (RFC 9111, section 4.3.4).
    package func isConfirmed(by fields: [(name: String, value: String)]) -> Bool {
        guard let etag, let newer = fields.first(where: { $0.name.lowercased() == "etag" })?.value else { return true }
        func opaque(_ tag: String) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...] }
        return opaque(etag).utf8.elementsEqual(opaque(newer).utf8)
    }
}

/// What the cache asks of a fetch.
package struct FetchNeed: Sendable {
    /// Validators to send along, when a stale record is at hand.
    package var revalidation: Revalidation?
    /// The latest deadline of the callers who wait: the fetch should queue for its slot no longer than this.
    package var deadline: Instant
    /// Nobody waits for it: it refreshes an answer that nears its end, or was served stale. Spend a slot that nobody wants, or throw
    /// ``NoSpareSlot`` at once.
    package var isRefresh: Bool
    /// Whether there is something older to fall back on, so that nobody need wait for mirrors that fail to get well.
    package var hasFallback = false
    /// How urgently it is wanted; whoever joins meanwhile may raise it.
    package var urgency = FetchUrgency(1)
    /// To be told true when the request leaves, and false when it has ended without an answer and another one is to follow. What has left
    /// is not cancelled when nobody waits for it any more: its slot is spent, and others may want the answer. Call it from anywhere.
    package var whenOnTheWay: @Sendable (Bool) -> Void = { _ in }
}

/// Why a refresh was put off: every slot is wanted, or kept for those who come.
package struct NoSpareSlot: Error {
    /// Nothing to add.
    package init() {}
}

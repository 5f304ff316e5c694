/// Which header fields of an answer are kept with it.
enum HeaderSelection {
    /// Fields that belong to one connection, one exchange or one caller (RFC 9110 section 7.6.1, RFC 9111 section 3.1), those that would tell
    /// a caller about a quota that the pool looks after, and the gateway's own, which a mirror that is a gateway has as well.
    private static let left: Set<String> = [
        "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "age",
        "proxy-authenticate", "proxy-authorization", "proxy-authentication-info", "set-cookie", "set-cookie2", "cache-status", "alt-svc",
        "sluice-mirror",
        "ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-limit",
        "x-ratelimit-remaining", "x-ratelimit-reset",
    ]

    /// The fields to keep, in their order, names in lower case. Malformed ones are left out, and those that `Connection`, or a qualified
    /// `private` or `no-cache`, names; also an `ETag` that was not UTF-8.
    /// - Parameter status: the answer's; what 429 and 503 say of when to come back is meant for the pool, too.
    static func kept(of fields: [(String, String)], status: Int) -> [(String, String)] {
        let isRefusal = status == 429 || status == 503
        let lowered = fields.map { ($0.0.lowercased(), $0.1) }
        let named = Set(
            lowered.filter { $0.0 == "connection" }
                .flatMap { $0.1.split(separator: ",") }
                .map { String($0.filter { $0 != " " && $0 != "\t" }).lowercased() }
        ).union(CacheControl(lowered.filter { $0.0 == "cache-control" }.map(\.1)).withheld)
        return lowered.filter { name, value in
            isWellFormed(name: name, value: value) && !left.contains(name) && !named.contains(name) && (name != "etag" || isExact(value))
                && !(isRefusal && name == "retry-after")
        }
    }

    /// Whether a value is what was sent, byte by byte. What is not UTF-8 becomes U+FFFD when a head is read, so that tags that differ would be
    /// the same.
    private static func isExact(_ value: String) -> Bool { !value.unicodeScalars.contains("\u{FFFD}") }

    /// Whether a field can be written as one line and read back: a token, and a value without control characters.
    static func isWellFormed(name: String, value: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(CharacterClass.isToken)
            && value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
    }

    /// Fields that speak of the stored bytes: a 304 has none of its own, and does not change them.
    private static let ofTheBody: Set<String> = ["content-encoding", "content-type", "content-range", "content-md5", "content-digest"]

    /// The fields of a stored answer after a 304 brought `newer` ones: those it names are replaced (RFC 9111 section 3.2).
    static func updated(_ stored: [(String, String)], status: Int, by newer: [(String, String)]) -> [(String, String)] {
        let fresh = kept(of: newer, status: status).filter { !ofTheBody.contains($0.0) }
        var names = Set(fresh.map(\.0))
        // An old Date says nothing of when a new Expires was given: the span between them may be as long as the answer was kept.
        if names.contains("expires") { names.insert("date") }
        return kept(of: stored.filter { !names.contains($0.0) } + fresh, status: status)
    }
}

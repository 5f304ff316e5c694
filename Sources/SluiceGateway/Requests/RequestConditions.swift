import SluiceServer

/// What a request's headers ask for besides its target.
struct RequestConditions: Sendable, Hashable {
    /// `If-None-Match`, all of its lines.
    var ifNoneMatch: String?
    /// `If-Modified-Since`.
    var ifModifiedSince: String?
    /// `Prefer: wait=…` in seconds.
    var wait: Int?

    /// Whether a 304 would do.
    var isConditional: Bool { ifNoneMatch != nil || ifModifiedSince != nil }

    /// Reads the headers once.
    init(_ headers: ServerHeaders) {
        let tags = headers.values(of: "If-None-Match")
        if !tags.isEmpty { ifNoneMatch = tags.joined(separator: ", ") }
        ifModifiedSince = headers["If-Modified-Since"]
        wait = Preference.wait(headers.values(of: "Prefer"))
    }
}

/// How long a record lasts, in milliseconds from the moment it is stored, and how old the answer then is.
struct RecordSpans: Sendable, Hashable {
    /// The answer's age when it is stored.
    var age: Int64
    /// How long it is fresh; negative when it no longer was.
    var fresh: Int64
    /// How long it may be served while it is refreshed.
    var refresh: Int64
    /// How long it may be served at all.
    var stale: Int64
}

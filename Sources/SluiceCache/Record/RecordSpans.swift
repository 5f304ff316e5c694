/// How long a record lasts, in milliseconds from the moment it is stored.
struct RecordSpans: Sendable, Hashable {
    /// How long it is fresh; negative when it no longer is.
    var fresh: Int64
    /// How long it may be served while it is refreshed.
    var refresh: Int64
    /// How long it may be served at all.
    var stale: Int64
}

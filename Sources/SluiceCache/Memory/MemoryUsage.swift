/// What a memory tier holds and has done.
struct MemoryUsage: Sendable, Hashable {
    /// Entries now.
    var entries = 0
    /// Bytes now, as the bound counts them.
    var bytes = 0
    /// Fresh and verified answers given.
    var hits: UInt64 = 0
    /// Entries taken out to stay within the bound.
    var evictions: UInt64 = 0
}

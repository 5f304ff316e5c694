/// How far a warm-up is.
public struct WarmProgress: Hashable, Sendable {
    /// Items that have been dealt with.
    public let done: Int
    /// Items of the collection.
    public let total: Int
}

/// What a warm-up did.
public struct WarmReport: Hashable, Sendable {
    /// Where the collection was found: a mirror when a slot was spent for it.
    public let source: Answer.Source
    /// Items of the collection.
    public let items: Int
    /// Items that were stored, each under its own path.
    public let stored: Int
    /// Items that were there already, fresh and no older, and were left as they are.
    public let kept: Int
    /// Items that were not stored: purged since the collection had been asked for, or too large.
    public let refused: Int
}

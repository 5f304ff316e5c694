/// What one call wants differently from its pool's configuration.
public struct CallOptions: Hashable, Sendable {
    /// How urgently a slot is wanted. One that waits ten seconds moves up a step, so nobody starves.
    public enum Priority: Int, Sendable {
        /// Before everybody else.
        case high = 0
        /// The default.
        case normal = 1
        /// After everybody else.
        case low = 2
    }

    /// How long the call may take; nil takes the pool's.
    public var deadline: Duration?
    /// How urgently a slot is wanted.
    public var priority: Priority
    /// How long an answer that says nothing is fresh; nil takes the pool's. Zero stores nothing.
    public var fresh: Duration?
    /// How long after that it may be served stale; nil takes the pool's.
    public var stale: Duration?
    /// Query parameters that are neither sent nor part of the key.
    public var dropsParameters: Set<String>
    /// Header fields by which an answer may vary (its `Vary`) and be kept all the same, though the mirrors' own headers differ in them.
    public var ignoresVary: Set<String>
    /// Tags to keep with the answer, for ``MirrorPool/purge(tag:)``.
    public var tags: [String]

    /// Options; what is left out follows the pool.
    public init(
        deadline: Duration? = nil, priority: Priority = .normal, fresh: Duration? = nil, stale: Duration? = nil,
        dropsParameters: Set<String> = [], ignoresVary: Set<String> = [], tags: [String] = []
    ) {
        self.deadline = deadline
        self.priority = priority
        self.fresh = fresh
        self.stale = stale
        self.dropsParameters = dropsParameters
        self.ignoresVary = ignoresVary
        self.tags = tags
    }
}

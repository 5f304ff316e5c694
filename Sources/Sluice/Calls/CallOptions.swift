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
    /// How urgently a slot is wanted. Where several calls of this process share a request, it is as urgent as the most urgent of them.
    public var priority: Priority
    /// How long an answer that says nothing is fresh; nil takes the pool's. Zero: it is asked for by each call.
    public var fresh: Duration?
    /// How long after that it may be served stale; nil takes the pool's.
    public var stale: Duration?
    /// Whether ``fresh`` and ``stale``, as far as they are given, hold whatever the answer says of its life (`max-age`, `no-cache`,
    /// `Expires`, `Age`, `must-revalidate` …). An answer that others have stored is fresh to this call no longer than ``fresh``, either.
    ///
    /// What says who may have an answer stays its own: with `no-store`, `private` or `Vary: *` it is kept nowhere, and an error or a “there is
    /// no such thing” no longer than ever.
    public var overridesAnswer: Bool
    /// How long ago a mirror may have given or confirmed the answer at most; nil: as long as it is fresh.
    ///
    /// An older one is fetched anew, for all, by one request. Where mirrors fail, or none answers in time, it is given all the same, and
    /// marked ``Answer/isStale``. Zero takes only what is given from now on.
    public var maxAge: Duration?
    /// Query parameters of a `GET` that are neither sent nor part of the key. ``MirrorPool/purge(_:)`` takes the path without them.
    public var dropsParameters: Set<String>
    /// Header fields by which an answer may vary (its `Vary`) and be kept all the same, though the mirrors' own headers differ in them.
    public var ignoresVary: Set<String>
    /// Tags to keep with the answer, for ``MirrorPool/purge(tag:)``: each one word of visible ASCII, 1…1,024 bytes; together at most 512 and
    /// 16,384 bytes, those that the answer names included. An answer with more is not kept.
    public var tags: [String]

    /// Options; what is left out follows the pool.
    public init(
        deadline: Duration? = nil, priority: Priority = .normal, fresh: Duration? = nil, stale: Duration? = nil,
        overridesAnswer: Bool = false, maxAge: Duration? = nil, dropsParameters: Set<String> = [], ignoresVary: Set<String> = [],
        tags: [String] = []
    ) {
        self.deadline = deadline
        self.priority = priority
        self.fresh = fresh
        self.stale = stale
        self.overridesAnswer = overridesAnswer
        self.maxAge = maxAge
        self.dropsParameters = dropsParameters
        self.ignoresVary = ignoresVary
        self.tags = tags
    }

    /// How long ago a mirror may have given an answer that is to be fresh to this call; nil: as long as it is fresh to all.
    package var freshWithin: Duration? {
        guard overridesAnswer, let fresh else { return maxAge }
        return maxAge.map { min($0, fresh) } ?? fresh
    }
}

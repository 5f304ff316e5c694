/// How one route or one call wants its answers kept. What the answer itself says comes first, unless the policy overrides it.
package struct CachePolicy: Sendable, Hashable {
    /// How long an answer that says nothing is fresh; nil takes ``CacheOptions/fresh``. Zero: it is asked for each time.
    package var fresh: Duration?
    /// How long after that it may still be served stale, while it is refreshed or when the mirrors fail; nil takes ``CacheOptions/stale``.
    package var stale: Duration?
    /// Whether ``fresh`` and ``stale``, as far as they are given, hold whatever the answer says of its life. Who may have it at all stays the
    /// answer's to say: see ``Freshness``.
    package var overridesAnswer: Bool
    /// Query parameters that are neither part of the key nor sent. Give them to ``CacheKey`` when you make the key.
    package var dropsParameters: Set<String>
    /// Fields, in lower case, by which an answer may vary and be kept all the same, though mirrors are sent different values of them.
    package var ignoresVary: Set<String>
    /// Tags to keep with the record, beside those that the answer names; ``ResponseCache/purge(tag:)`` finds it by them.
    package var tags: [String]

    /// A policy; what is left out follows the options of the cache.
    package init(
        fresh: Duration? = nil, stale: Duration? = nil, overridesAnswer: Bool = false, dropsParameters: Set<String> = [],
        ignoresVary: Set<String> = [], tags: [String] = []
    ) {
        self.fresh = fresh
        self.stale = stale
        self.overridesAnswer = overridesAnswer
        self.dropsParameters = dropsParameters
        self.ignoresVary = ignoresVary
        self.tags = tags
    }
}

/// How one route or one call wants its answers kept. What the answer itself says comes first.
package struct CachePolicy: Sendable, Hashable {
    /// How long an answer that says nothing is fresh; nil takes ``CacheOptions/fresh``. Zero stores nothing.
    package var fresh: Duration?
    /// How long after that it may still be served stale, while it is refreshed or when the mirrors fail; nil takes ``CacheOptions/stale``.
    package var stale: Duration?
    /// Query parameters that are neither part of the key nor sent. Give them to ``CacheKey`` when you make the key.
    package var dropsParameters: Set<String>
    /// Fields, in lower case, by which an answer may vary and be kept all the same, though mirrors are sent different values of them.
    package var ignoresVary: Set<String>
    /// Tags to keep with the record, beside those that the answer names; ``ResponseCache/purge(tag:)`` finds it by them.
    package var tags: [String]

    /// A policy; what is left out follows the options of the cache.
    package init(
        fresh: Duration? = nil, stale: Duration? = nil, dropsParameters: Set<String> = [], ignoresVary: Set<String> = [],
        tags: [String] = []
    ) {
        self.fresh = fresh
        self.stale = stale
        self.dropsParameters = dropsParameters
        self.ignoresVary = ignoresVary
        self.tags = tags
    }
}

/// What the keys of some resources have in common: all, or those whose paths begin alike.
package struct KeyPrefix: Sendable, Hashable {
    /// What the keys' targets begin with, for `GET`; nil: all keys.
    private let path: String?

    /// All keys.
    package static let everything = KeyPrefix(text: "")

    /// What stands in Redis. What this release does not know how to read covers everything, so that nothing outlives a purge.
    init(text: String) { path = text.utf8.starts(with: Self.method.utf8) ? String(text.utf8.dropFirst(Self.method.utf8.count)) : nil }

    private static let method = "GET:"

    /// What the texts of the keys begin with; empty for all.
    var text: String { path.map { Self.method + $0 } ?? "" }

    /// The keys of `GET` whose paths begin with `path`, whether or not a segment ends there: `/posts` is also the beginning of
    /// `/posts/1` and `/postscript`, `/posts/` is not that of `/posts`.
    /// - Throws: ``CacheKeyError`` when no path begins so.
    package init(path: String) throws(CacheKeyError) {
        let (bytes, query) = try TargetParser.split(Array(path.utf8))
        guard query == nil else {
            throw CacheKeyError(
                .forbiddenByte, at: bytes.count,
                "a prefix ends before the query, whose parameters are sorted; leave out “?” and what follows.")
        }
        self.path = String(decoding: try PercentEncoding.normalised(bytes, keeping: CharacterClass.isPath, offset: 0), as: UTF8.self)
    }

    /// Whether it is the beginning of a key.
    func covers(_ key: CacheKey) -> Bool {
        guard let path else { return true }
        return key.method == "GET" && key.target.utf8.starts(with: path.utf8)
    }
}

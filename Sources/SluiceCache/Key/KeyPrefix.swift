/// What the keys of some resources have in common: all, or those whose paths begin alike.
package struct KeyPrefix: Sendable, Hashable {
    /// What the keys' texts begin with; empty for all.
    let text: String

    /// All keys.
    package static let everything = KeyPrefix(text: "")

    init(text: String) { self.text = text }

    /// The keys of `GET` whose paths begin with `path`, whether or not a segment ends there: `/posts` is also the beginning of
    /// `/posts/1` and `/postscript`, `/posts/` is not that of `/posts`.
    /// - Throws: ``CacheKeyError`` when no path begins so.
    package init(path: String) throws(CacheKeyError) {
        let (path, query) = try TargetParser.split(Array(path.utf8))
        guard query == nil else {
            throw CacheKeyError(
                .forbiddenByte, at: path.count,
                "a prefix ends before the query, whose parameters are sorted; leave out “?” and what follows.")
        }
        text = "GET:" + String(decoding: try PercentEncoding.normalised(path, keeping: CharacterClass.isPath, offset: 0), as: UTF8.self)
    }

    /// Whether it is the beginning of a key.
    func covers(_ key: CacheKey) -> Bool { key.text.utf8.starts(with: text.utf8) }
}

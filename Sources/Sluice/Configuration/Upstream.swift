import SluiceCache
import SluiceHTTP

/// Whom a mirror's calls reach, and as whom: two mirrors with the same would spend one limit twice, though their URLs may be written
/// differently.
struct Upstream: Hashable {
    private let origin: Origin
    private let path: String
    private let headers: [String: String]

    /// - Parameters:
    ///   - origin: of `base`.
    ///   - base: a URL that was checked, without a slash at its end.
    init(origin: Origin, base: Substring, headers: [String: String]) {
        var origin = origin
        if origin.host.last == "." { origin.host.removeLast() }
        self.origin = origin
        let parts = base.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        let written = parts.count > 3 ? "/\(parts[3])" : "/"
        path = (try? CacheKey(target: written).target) ?? written
        self.headers = Dictionary(headers.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
    }
}

import SluiceHTTP

/// Whom a mirror's calls reach, and as whom: two mirrors with the same would spend one limit twice, however differently their URLs are
/// written.
struct Upstream: Hashable {
    private let origin: Origin
    private let path: String
    private let headers: [String: String]

    /// - Parameter base: the URL without a slash at its end.
    init(origin: Origin, base: Substring, headers: [String: String]) {
        self.origin = origin
        path =
            base.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 3, omittingEmptySubsequences: false).dropFirst(3).first.map {
                String(Substring($0))
            } ?? ""
        self.headers = Dictionary(headers.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
    }
}

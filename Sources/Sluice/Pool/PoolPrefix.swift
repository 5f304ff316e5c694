import SluiceCache

/// The beginning of paths, from outside, judged once.
package struct PoolPrefix: Sendable {
    let keys: KeyPrefix
    /// As it was given.
    package let written: String

    /// Judges the beginning of a path, without a query.
    /// - Throws: `SluiceError` with code `.invalidRequest` when no path begins so.
    package init(_ prefix: String) throws(SluiceError) {
        written = prefix
        do throws(CacheKeyError) {
            keys = try KeyPrefix(path: prefix)
        } catch {
            throw SluiceError(.invalidRequest, "no path begins with “\(prefix.excerpt)”: \(error.message)")
        }
    }
}

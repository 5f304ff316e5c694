import SluiceCache

/// A path and query from outside, judged once: it stays within the mirror, and is in its normal form. Looking it up again costs nothing.
package struct PoolTarget: Sendable {
    let key: CacheKey
    /// As it was given, with its parameters in their order, which methods other than `GET` may mean something by.
    package let written: String

    /// Judges a target as in a request line.
    /// - Throws: `SluiceError` with code `.invalidRequest` where it could leave the mirror or is not well formed.
    package init(_ target: String) throws(SluiceError) {
        written = target
        do throws(CacheKeyError) {
            key = try CacheKey(target: target)
        } catch {
            throw SluiceError(.invalidRequest, "the path “\(target.excerpt)” cannot be asked for: \(error.message)")
        }
    }

    /// The normal form, as mirrors are asked for it with `GET`.
    package var text: String { key.target }

    /// The longest target in bytes.
    package static var lengthLimit: Int { CacheKey.lengthLimit }
}

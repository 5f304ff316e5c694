import SluiceCache

/// A tag, from outside, judged once.
package struct PoolTag: Sendable {
    /// As it was given.
    package let text: String

    /// Judges a tag.
    /// - Throws: `SluiceError` with code `.invalidRequest` when no answer can have it.
    package init(_ tag: String) throws(SluiceError) {
        if let fault = CacheTag.fault(in: tag) {
            throw SluiceError(.invalidRequest, "“\(tag.excerpt)” can be no answer's tag: \(fault)")
        }
        text = tag
    }

    /// Judges the tags that a call wants to keep with an answer.
    /// - Throws: `SluiceError` with code `.invalidRequest` when one can be no tag, or they are too many.
    static func check(_ tags: [String]) throws(SluiceError) {
        for tag in tags { _ = try PoolTag(tag) }
        if let fault = CacheTag.fault(in: tags) { throw SluiceError(.invalidRequest, fault) }
    }
}

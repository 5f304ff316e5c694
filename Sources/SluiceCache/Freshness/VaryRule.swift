/// Whether an answer's `Vary` lets it be kept under its key (RFC 9111 section 4.1).
///
/// A key names no request fields, since all requests for it are the same: callers cannot add any. They differ only where the
/// configuration gives mirrors different fields of their own. An answer that varies by such a field would be true for one
/// mirror only, so it is not kept, unless the caller knows better.
enum VaryRule {
    /// - Parameters:
    ///   - lines: the values of all `Vary` fields.
    ///   - differing: fields, in lower case, that some mirrors are sent with other values than others, or not at all.
    ///   - ignored: fields, in lower case, that the caller says make no difference.
    static func allows(_ lines: [String], differing: Set<String>, ignoring ignored: Set<String>) -> Bool {
        lines.flatMap(CacheControl.fieldNames).allSatisfy { $0 != "*" && (!differing.contains($0) || ignored.contains($0)) }
    }
}

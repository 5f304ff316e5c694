/// `If-None-Match` (RFC 9110, section 13.1.2).
enum EntityTagList {
    /// Whether the list is `*`, which any answer matches, or holds `tag`, by weak comparison, byte by byte. A list that is malformed matches only what stands before the
    /// fault. What was not UTF-8 came here as U+FFFD, whatever it was: such a tag matches none.
    static func matches(_ list: String, _ tag: String?) -> Bool {
        let wanted = tag.map { opaque($0.utf8[...]) }
        var rest = list.utf8[...]
        while true {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: ",") }
            if rest.isEmpty { return false }
            if rest.first == UInt8(ascii: "*") { return true }
            let offered = opaque(rest)
            guard offered.first == quote, let end = offered.dropFirst().firstIndex(of: quote) else { return false }
            let value = offered[...end]
            if let wanted, value.elementsEqual(wanted), !Substring(value).unicodeScalars.contains("\u{FFFD}") { return true }
            rest = offered[offered.index(after: end)...]
        }
    }

    private static let quote = UInt8(ascii: "\"")

    private static func opaque(_ tag: Substring.UTF8View) -> Substring.UTF8View { tag.starts(with: "W/".utf8) ? tag.dropFirst(2) : tag }
}

/// `If-None-Match` (RFC 9110, section 13.1.2).
enum EntityTagList {
    /// Whether the list is `*` or holds `tag`, by weak comparison. A list that is malformed matches only what stands before the fault.
    static func matches(_ list: String, _ tag: String) -> Bool {
        let wanted = opaque(tag[...])
        var rest = list[...]
        while true {
            rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "," }
            if rest.isEmpty { return false }
            if rest.first == "*" { return true }
            let start = rest.startIndex
            if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
            guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { return false }
            let next = rest.index(after: end)
            if opaque(list[start..<next]) == wanted { return true }
            rest = rest[next...]
        }
    }

    private static func opaque(_ tag: Substring) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag }
}

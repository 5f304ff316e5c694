/// Strong entity tags (RFC 9110, section 8.8.3).
enum EntityTag {
    /// A tag of these bytes: FNV-1a with 64 bits (Fowler, Noll, Vo), in quotes. Good against chance, not against malice.
    static func of(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return "\"\(String(repeating: "0", count: 16 - digits.count))\(digits)\""
    }

    /// Whether the list of an `If-None-Match` holds `tag`, compared weakly, or is `*`.
    static func list(_ list: String, contains tag: String) -> Bool {
        list.split(separator: ",").contains { item in
            var candidate = item.drop { $0 == " " }
            while candidate.last == " " { candidate.removeLast() }
            if candidate.hasPrefix("W/") { candidate = candidate.dropFirst(2) }
            return candidate == tag || candidate == "*"
        }
    }
}

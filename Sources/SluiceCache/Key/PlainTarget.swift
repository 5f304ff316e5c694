/// Recognises targets that are in normal form as they come, as nearly all are: nothing has to be taken apart to read them.
enum PlainTarget {
    /// Bit by bit, the bytes below 128 that stand for themselves in paths and queries alike.
    private static let plain: (UInt64, UInt64) = (0..<128 as Range<UInt8>).reduce(into: (0, 0)) { bits, byte in
        guard CharacterClass.isPath(byte) else { return }
        if byte < 64 { bits.0 |= 1 << UInt64(byte) } else { bits.1 |= 1 << UInt64(byte - 64) }
    }

    /// Whether a target is its own normal form: a path without escapes, without empty segments, without segments that begin with a dot,
    /// and at most one parameter, which is not empty. False: it has to be read the long way.
    static func isPlain(_ target: String) -> Bool {
        let (low, high) = plain
        var last: UInt8 = 0
        var length = 0
        var isQuery = false
        for byte in target.utf8 {
            switch byte {
            case UInt8(ascii: "?"):
                if isQuery { return false }
                isQuery = true
            case UInt8(ascii: "&") where isQuery: return false
            case UInt8(ascii: "."), UInt8(ascii: "/"):
                // After a slash, a slash may name a host, and a dot may leave the root.
                if last == UInt8(ascii: "/"), !isQuery { return false }
            default:
                guard byte < 128, (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte - 64)) & 1 == 1 else { return false }
            }
            if length == 0, byte != UInt8(ascii: "/") { return false }
            last = byte
            length += 1
        }
        return length > 0 && length <= CacheKey.lengthLimit && last != UInt8(ascii: "?")
    }
}

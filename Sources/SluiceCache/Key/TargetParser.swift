/// Takes a request target apart and refuses whatever could leave the mirror it is sent to.
enum TargetParser {
    /// The path and, if there is a `?`, the query. Neither holds a control character, a space, a backslash or a fragment.
    static func split(_ target: [UInt8]) throws(CacheKeyError) -> (path: ArraySlice<UInt8>, query: ArraySlice<UInt8>?) {
        guard target.count <= CacheKey.lengthLimit else {
            throw CacheKeyError(
                .tooLong, at: CacheKey.lengthLimit,
                "the target is \(target.count) bytes long; at most \(CacheKey.lengthLimit) will do. Send large inputs in a body.")
        }
        guard target.first == UInt8(ascii: "/") else {
            throw CacheKeyError(
                .notAPath, at: 0,
                "a target starts with one “/”, such as /posts/55; the mirror's scheme, host and login come from the configuration alone.")
        }
        if target.count > 1 && target[1] == UInt8(ascii: "/") {
            throw CacheKeyError(.namesAHost, at: 1, "a target that starts with “//” names a host; start it with a single “/”.")
        }
        for (position, byte) in target.enumerated() {
            switch byte {
            case 0...0x20, 0x7F:
                throw CacheKeyError(
                    .forbiddenByte, at: position,
                    "a target cannot hold the \(byte == 0x20 ? "space" : "control") character \(byte); escape it with a % if it is meant.")
            case UInt8(ascii: "\\"):
                throw CacheKeyError(.forbiddenByte, at: position, "some servers read a backslash as “/”; write “/”, or %5C if it is meant.")
            case UInt8(ascii: "#"):
                throw CacheKeyError(.fragment, at: position, "a fragment is never sent; leave out “#” and what follows, or write %23.")
            default: break
            }
        }
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return (target[...], nil) }
        return (target[..<mark], target[(mark + 1)...])
    }

    /// Refuses `.` and `..` as segments of a normalised path: also where an escaped slash or backslash, which some servers
    /// undo too early, makes one, and where a `;parameter` follows it.
    static func refuseDotSegments(_ path: [UInt8]) throws(CacheKeyError) {
        var segment: [UInt8] = []
        var index = 0
        func check(_ end: Int) throws(CacheKeyError) {
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
                throw CacheKeyError(
                    .dotSegment, at: max(0, end - segment.count),
                    "“.” and “..” as path segments could leave the mirror's root; write the path out in full.")
            }
        }
        while index < path.count {
            let isEscapedSlash =
                path[index] == UInt8(ascii: "%")
                && (path[index...].starts(with: "%2F".utf8) || path[index...].starts(with: "%5C".utf8))
            if path[index] == UInt8(ascii: "/") || isEscapedSlash {
                try check(index)
                segment.removeAll(keepingCapacity: true)
                index += isEscapedSlash ? 3 : 1
            } else {
                segment.append(path[index])
                index += 1
            }
        }
        try check(path.count)
    }
}

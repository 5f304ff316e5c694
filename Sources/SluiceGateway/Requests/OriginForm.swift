/// Takes the path and query out of a target in absolute form, which every server has to accept (RFC 9112, section 3.2.2).
enum OriginForm {
    /// `/x?y` for `http://host:80/x?y`; what is no such URL as it is.
    ///
    /// Scheme and host are dropped, as those of a `Host` header are not looked at: the mirrors' come from the configuration alone. A URL without
    /// a host, or with a login before it, is left alone, and so refused as no path (RFC 9110, sections 4.2.1 and 4.2.4).
    static func of(_ target: String) -> String {
        guard let end = endOfAuthority(target) else { return target }
        let path = target[end...]
        return path.utf8.first == UInt8(ascii: "/") ? String(path) : "/" + path
    }

    /// Host and port of a target in absolute form, which count in place of the `Host` header's; nil for any other target.
    static func authority(of target: String) -> Substring? {
        guard let end = endOfAuthority(target), let start = target.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        return target[target.utf8.index(start, offsetBy: 2)..<end]
    }

    private static func endOfAuthority(_ target: String) -> String.Index? {
        let bytes = target.utf8
        guard let scheme = ["http://", "https://"].first(where: { begins(bytes, with: $0) }) else { return nil }
        let rest = bytes.dropFirst(scheme.utf8.count)
        let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.isEmpty, authority.first != UInt8(ascii: ":"), !authority.contains(UInt8(ascii: "@")) else { return nil }
        return end
    }

    private static func begins(_ bytes: String.UTF8View, with scheme: String) -> Bool {
        bytes.count >= scheme.utf8.count && zip(bytes, scheme.utf8).allSatisfy { $0 == $1 || ($0 | 0x20 == $1 && $1 >= 0x61) }
    }
}

/// What an answer is kept under: method, path and query, in one normal form for all ways to write the same resource.
///
/// The normal form follows RFC 3986 section 6.2.2: escapes in upper case, escapes of unreserved characters undone, and
/// bytes that no URI may hold escaped. Query parameters are sorted by name, then value; repeated and valueless ones stay
/// (`a` and `a=` differ), empty pieces (`&&`) and an empty query go. Path and method keep their case. The mirror, which
/// any key may be asked of, is no part of it.
///
/// The key knows its hash, so finding it in memory hashes nothing.
package struct CacheKey: Sendable, CustomStringConvertible {
    /// The longest target in bytes, as given and in normal form.
    package static let lengthLimit = 8_192

    /// The key as it stands in Redis after `cache:` – `GET:/posts?userId=1`. Always ASCII.
    package let text: String
    /// The hash of ``text``, seeded for each process, so that callers cannot choose keys that collide.
    let hash: UInt64

    /// Reads a request target that may come from an untrusted caller.
    /// - Parameters:
    ///   - method: an HTTP method; case counts.
    ///   - target: path and query as in a request line, such as `/posts?userId=1`.
    ///   - dropped: names of parameters (decoded) that make no difference: they are neither part of the key nor sent.
    /// - Throws: ``CacheKeyError`` where the target would leave the mirror, or is not well formed.
    package init(method: String = "GET", target: String, dropping dropped: Set<String> = []) throws(CacheKeyError) {
        if method == "GET", dropped.isEmpty, PlainTarget.isPlain(target) {
            self.init(text: "GET:" + target)
            return
        }
        if let bad = Array(method.utf8).firstIndex(where: { !CharacterClass.isToken($0) }) ?? (method.isEmpty ? 0 : nil) {
            throw CacheKeyError(.badMethod, at: bad, "“\(method.prefix(40))” is no HTTP method; use a token such as GET.")
        }
        let (path, query) = try TargetParser.split(Array(target.utf8))
        var normal = try PercentEncoding.normalised(path, keeping: CharacterClass.isPath, offset: 0)
        try TargetParser.refuseDotSegments(normal)
        if let query {
            let list = try QueryNormalisation.normalised(query, offset: path.count + 1, dropping: dropped)
            if !list.isEmpty { normal += [UInt8(ascii: "?")] + list }
        }
        guard normal.count <= Self.lengthLimit else {
            throw CacheKeyError(
                .tooLong, at: Self.lengthLimit,
                "the target is \(normal.count) bytes long with its escapes; at most \(Self.lengthLimit) will do.")
        }
        self.init(text: method + ":" + String(decoding: normal, as: UTF8.self))
    }

    /// The key of a text that already is in normal form.
    init(text: String) {
        self.text = text
        var hasher = Hasher()
        hasher.combine(text)
        hash = UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// The HTTP method.
    package var method: String { String(text.prefix { $0 != ":" }) }

    /// The path and query to send to a mirror: a function of the key, so that whoever fetches it asks for the same.
    package var target: String { String(text.drop { $0 != ":" }.dropFirst()) }

    /// The text.
    package var description: String { text }
}

extension CacheKey: Hashable {
    /// Whether two keys name one resource.
    package static func == (left: CacheKey, right: CacheKey) -> Bool { left.hash == right.hash && left.text == right.text }

    /// Feeds the hash that the key knows.
    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

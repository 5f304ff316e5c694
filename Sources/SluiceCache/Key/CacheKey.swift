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

    /// The HTTP method.
    package let method: String
    /// The path and query in normal form, always ASCII. They are what a mirror is sent: whoever fetches the key asks for the same.
    package let target: String
    /// The hash of ``target``, seeded for each process, so that callers cannot choose keys that collide.
    let hash: UInt64

    /// Reads a request target that may come from an untrusted caller.
    /// - Parameters:
    ///   - method: an HTTP method; case counts.
    ///   - target: path and query as in a request line, such as `/posts?userId=1`.
    ///   - dropped: names of parameters (decoded) that make no difference: they are neither part of the key nor sent.
    /// - Throws: ``CacheKeyError`` where the target would leave the mirror, or is not well formed.
    package init(method: String = "GET", target: String, dropping dropped: Set<String> = []) throws(CacheKeyError) {
        if method == "GET", dropped.isEmpty, PlainTarget.isPlain(target) {
            self.init(normal: target)
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
        self.init(method: method, normal: String(decoding: normal, as: UTF8.self))
    }

    /// The key of a target that already is in normal form.
    init(method: String = "GET", normal target: String) {
        self.method = method
        self.target = target
        hash = Self.hash(of: target)
    }

    /// The key that stands in Redis as this text, or nil where none would.
    init?(text: String) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        self.init(method: String(text[..<colon]), normal: String(text[text.utf8.index(after: colon)...]))
    }

    /// The key as it stands in Redis after `cache:` – `GET:/posts?userId=1`.
    package var text: String { method + ":" + target }

    /// ``hash`` of the key with this target.
    static func hash(of target: String) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(target)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Whether two texts, one of them ASCII, have the same bytes. Texts are equal that are written differently (the Kelvin sign is a K), but
    /// what stands for ASCII characters without being them is longer.
    static func areSame(_ left: String, _ right: String) -> Bool { left.utf8.count == right.utf8.count && left == right }

    /// The text.
    package var description: String { text }
}

extension CacheKey: Hashable {
    /// Whether two keys name one resource.
    package static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.hash == right.hash && areSame(left.target, right.target) && areSame(left.method, right.method)
    }

    /// Feeds the hash that the key knows.
    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

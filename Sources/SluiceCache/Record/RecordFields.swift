internal import SluiceRedis

/// A record as the fields of a Redis hash, each readable on its own in `redis-cli HGETALL`.
enum RecordFields {
    /// The format's number. A record of another format is a miss.
    static let format = "1"

    /// Fields that the scripts write themselves, since they need the server's clock or count: `stored_ms`, `fresh_until_ms`,
    /// `refresh_until_ms`, `stale_until_ms`, `purges`. All others, in the order in which they are written.
    ///
    /// A body that is given in its compressed form stands in its place, and `encoding` says so.
    static func encoded(_ record: CacheRecord, packed: PackedBody? = nil) -> [(String, [UInt8])] {
        var fields: [(String, [UInt8])] = [
            ("format", Array(format.utf8)),
            ("version", Array(record.version.utf8)),
            ("status", Array(String(record.status).utf8)),
            ("mirror", Array(record.mirror.utf8)),
            ("age_ms", Array(String(record.ageWhenStored).utf8)),
        ]
        if record.heldWhenStored > 0 { fields.append(("held_ms", Array(String(record.heldWhenStored).utf8))) }
        if let etag = record.etag { fields.append(("etag", Array(etag.utf8))) }
        if let lastModified = record.lastModified { fields.append(("last_modified", Array(lastModified.utf8))) }
        if !record.tags.isEmpty { fields.append(("tags", Array(record.tags.joined(separator: " ").utf8))) }
        fields.append(("headers", Array(record.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n").utf8)))
        if record.packedDigest != nil { fields.append(("encoding", Array(PackedBody.encoding.utf8))) }
        fields.append(("body", packed?.bytes ?? record.body))
        return fields
    }

    /// The record that the fields of a hash hold, or nil if they are mangled or of another format. Unknown fields are passed over.
    /// - Parameter bodyLimit: the largest body in bytes that a compressed one may become.
    static func decoded(_ fields: [(name: [UInt8], value: [UInt8])], bodyLimit: Int) -> CacheRecord? {
        var texts: [String: String] = [:]
        var body: [UInt8]?
        for (name, value) in fields {
            let name = String(decoding: name, as: UTF8.self)
            if name == "body" {
                body = value
            } else {
                guard let text = String(validating: value, as: UTF8.self) else { return nil }
                texts[name] = text
            }
        }
        guard texts["format"] == format, let body,
            let version = texts["version"], !version.isEmpty,
            let status = number(texts["status"], in: 100...599), let mirror = texts["mirror"],
            let stored = number(texts["stored_ms"]), let fresh = number(texts["fresh_until_ms"]),
            let refresh = number(texts["refresh_until_ms"]), let stale = number(texts["stale_until_ms"]),
            let age = number(texts["age_ms"]), let headers = headers(texts["headers"] ?? "")
        else { return nil }
        var content = body
        if let encoding = texts["encoding"] {
            guard encoding == PackedBody.encoding, let unpacked = PackedBody.unpacked(body, limit: bodyLimit) else { return nil }
            content = unpacked
        }
        return CacheRecord(
            version: version, status: Int(status), mirror: mirror, headers: headers, body: content,
            tags: (texts["tags"] ?? "").split(separator: " ").map(String.init),
            etag: validator(texts["etag"]), lastModified: validator(texts["last_modified"]),
            storedAt: stored, ageWhenStored: age, heldWhenStored: number(texts["held_ms"]) ?? 0, freshUntil: fresh, refreshUntil: refresh,
            staleUntil: stale, purges: number(texts["purges"]) ?? 0,
            packedDigest: texts["encoding"].map { _ in SHA1.hexadecimal(body) })
    }

    /// A whole number within what a double holds exactly: the scripts reckon in doubles.
    private static func number(_ text: String?, in range: ClosedRange<Int64> = 0...(1 << 53)) -> Int64? {
        guard let text, text.utf8.first.map({ $0 != UInt8(ascii: "+") }) ?? false, let value = Int64(text), range.contains(value) else {
            return nil
        }
        return value
    }

    /// Validators go back to mirrors as header values: a mangled one is none.
    private static func validator(_ text: String?) -> String? {
        text.flatMap { !$0.isEmpty && HeaderSelection.isWellFormed(name: "x", value: $0) ? $0 : nil }
    }

    private static func headers(_ text: String) -> [(String, String)]? {
        var fields: [(String, String)] = []
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }
            let field = (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
            guard HeaderSelection.isWellFormed(name: field.0, value: field.1) else { return nil }
            fields.append((field.0.lowercased(), field.1))
        }
        return fields
    }
}

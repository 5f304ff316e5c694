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
        try? RecordReader(fields).record(bodyLimit: bodyLimit)
    }
}

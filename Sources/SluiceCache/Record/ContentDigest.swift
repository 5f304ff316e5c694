import SluiceRedis

/// SHA-1 of a record's contents, as the scripts compute it with `redis.sha1hex`.
///
/// It tells whether somebody wrote over a record and left its version as it was (`redis-cli HSET … body …`). It guards against
/// accidents, not against an enemy: whoever can write to Redis can write anything there.
enum ContentDigest {
    /// The largest body that is compared by digest; above it a record is read again in full, which costs the server less.
    static let bodyLimit = 64 << 10

    /// The fields that count, in this order, each with its length in front; the scripts' `digest` does the same.
    static func of(_ record: CacheRecord) -> String {
        let fields = Dictionary(RecordFields.encoded(record)) { first, _ in first }
        var message: [UInt8] = []
        message.reserveCapacity(record.body.count + 1_024)
        for name in ["format", "version", "status", "mirror", "age_ms", "etag", "last_modified", "tags", "headers", "encoding", "body"] {
            // A compressed body is not at hand: its own digest stands for it.
            let packed = name == "body" ? record.packedDigest.map { Array($0.utf8) } : nil
            let value = packed ?? fields[name] ?? []
            message += Array("\(value.count):".utf8) + value
        }
        for time in [record.storedAt, record.freshUntil, record.refreshUntil, record.staleUntil] {
            let value = String(time)
            message += Array("\(value.utf8.count):\(value)".utf8)
        }
        return SHA1.hexadecimal(message)
    }
}

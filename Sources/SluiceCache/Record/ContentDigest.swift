/// SHA-1 (FIPS 180-4) of a record's contents, as the scripts compute it with `redis.sha1hex`.
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
        for name in ["format", "version", "status", "mirror", "age_ms", "etag", "last_modified", "tags", "headers", "body"] {
            let value = fields[name] ?? []
            message += Array("\(value.count):".utf8) + value
        }
        for time in [record.storedAt, record.freshUntil, record.refreshUntil, record.staleUntil] {
            let value = String(time)
            message += Array("\(value.utf8.count):\(value)".utf8)
        }
        return hexadecimal(message)
    }

    /// The digest of `message` in lower-case hexadecimal.
    static func hexadecimal(_ message: [UInt8]) -> String {
        var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)
        var padded = message
        padded.append(0x80)
        padded += [UInt8](repeating: 0, count: (119 - message.count % 64) % 64)
        let bits = UInt64(message.count) * 8
        padded += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> UInt64($0)) }
        var schedule = [UInt32](repeating: 0, count: 80)
        for block in stride(from: 0, to: padded.count, by: 64) {
            for index in 0..<16 {
                let at = block + index * 4
                schedule[index] =
                    UInt32(padded[at]) << 24 | UInt32(padded[at + 1]) << 16 | UInt32(padded[at + 2]) << 8 | UInt32(padded[at + 3])
            }
            for index in 16..<80 {
                schedule[index] = rotated(
                    schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16], by: 1)
            }
            mix(schedule, into: &state)
        }
        return [state.0, state.1, state.2, state.3, state.4].map { word in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 8 - text.utf8.count) + text
        }.joined()
    }

    private static func mix(_ schedule: [UInt32], into state: inout (UInt32, UInt32, UInt32, UInt32, UInt32)) {
        var (a, b, c, d, e) = state
        for index in 0..<80 {
            let (choice, constant): (UInt32, UInt32) =
                switch index {
                case 0..<20: (b & c | ~b & d, 0x5A82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case 40..<60: (b & c | b & d | c & d, 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotated(a, by: 5) &+ choice &+ e &+ constant &+ schedule[index]
            (a, b, c, d, e) = (next, a, rotated(b, by: 30), c, d)
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }

    private static func rotated(_ word: UInt32, by bits: UInt32) -> UInt32 { word << bits | word >> (32 - bits) }
}

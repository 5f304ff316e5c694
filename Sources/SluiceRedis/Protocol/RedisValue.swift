/// A reply of Redis, as its protocol's second version (RESP2) has them.
package enum RedisValue: Sendable, Hashable {
    /// Nothing: a missing key, or a null array.
    case null
    /// A number.
    case integer(Int64)
    /// A short answer such as `OK`.
    case status(String)
    /// A string of any bytes.
    case bulk([UInt8])
    /// Several replies.
    case array([RedisValue])
    /// An error inside an array; one that answers a whole command is thrown instead.
    case error(String)

    /// The text of a string (bytes that are not UTF-8 are replaced), a status or a number; nil otherwise.
    package var string: String? {
        switch self {
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .integer(let number): String(number)
        case .null, .array, .error: nil
        }
    }

    /// A number, also one given as a string or status; nil otherwise.
    package var int64: Int64? {
        switch self {
        case .integer(let number): number
        case .bulk, .status: string.flatMap { Int64($0) }
        case .null, .array, .error: nil
        }
    }

    /// The elements of an array; nil otherwise.
    package var array: [RedisValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The bytes of a string; nil otherwise.
    package var bytes: [UInt8]? { if case .bulk(let bytes) = self { bytes } else { nil } }
}

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
        case .bulk(let bytes): Int64(decimal: bytes)
        case .status(let text): Int64(text)
        case .null, .array, .error: nil
        }
    }

    /// The elements of an array; nil otherwise.
    package var array: [RedisValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// The bytes of a string; nil otherwise.
    package var bytes: [UInt8]? { if case .bulk(let bytes) = self { bytes } else { nil } }

    /// Whether it is a string of just these bytes; nothing is made of it.
    package func isText(_ text: StaticString) -> Bool { bytes?.equals(text) ?? false }
}

extension [UInt8] {
    /// Whether it holds just the bytes of a text.
    package func equals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in withUnsafeBytes { $0.count == wanted.count && $0.elementsEqual(wanted) } }
    }
}

extension Int64 {
    /// The number that decimal digits stand for, after a sign or none; nil for anything else, and beyond its range.
    package init?(decimal bytes: [UInt8]) {
        let isNegative = bytes.first == UInt8(ascii: "-")
        let digits = isNegative || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            // Below zero there is one number more than above.
            let (tenfold, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isBeyond) = tenfold.subtractingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
            guard !isTooLarge, !isBeyond else { return nil }
            value = sum
        }
        guard isNegative || value != .min else { return nil }
        self = isNegative ? value : -value
    }
}

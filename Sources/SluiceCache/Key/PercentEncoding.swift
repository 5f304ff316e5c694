/// Percent-encoding in its one normal form (RFC 3986 sections 2.1, 2.3 and 6.2.2).
enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Escapes in upper case, unreserved characters bare, all that `keeping` refuses escaped. Applying it twice changes nothing more.
    /// - Parameter offset: where `bytes` starts in the whole target, for the error's position.
    static func normalised(
        _ bytes: ArraySlice<UInt8>, keeping isAllowed: (UInt8) -> Bool, offset: Int
    ) throws(CacheKeyError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                guard let value = escape(in: bytes, at: index) else {
                    throw CacheKeyError(
                        .brokenEscape, at: offset + index - bytes.startIndex,
                        "a % must be followed by two hexadecimal digits; write %25 for the sign itself.")
                }
                if CharacterClass.isUnreserved(value) { result.append(value) } else { append(value, to: &result) }
                index += 3
            } else {
                if isAllowed(byte) { result.append(byte) } else { append(byte, to: &result) }
                index += 1
            }
        }
        return result
    }

    /// All escapes undone; for comparing names, not for sending. Broken escapes stay as they are.
    static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), let value = escape(in: bytes, at: index) {
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private static func escape(in bytes: ArraySlice<UInt8>, at index: Int) -> UInt8? {
        guard index + 2 < bytes.endIndex,
            let high = CharacterClass.hexadecimal(bytes[index + 1]), let low = CharacterClass.hexadecimal(bytes[index + 2])
        else { return nil }
        return high << 4 | low
    }

    private static func append(_ byte: UInt8, to result: inout [UInt8]) {
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}

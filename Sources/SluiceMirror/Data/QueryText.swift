/// Reads a raw query, as forms write it.
enum QueryText {
    /// The decoded value of the first parameter with this name; empty when it has no `=`; nil when there is no such parameter.
    static func value(of name: String, in query: Substring?) -> String? {
        for pair in query?.split(separator: "&") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if decode(parts[0]) == name { return parts.count == 2 ? decode(parts[1]) : "" }
        }
        return nil
    }

    /// Undoes percent-encoding, and `+` for a blank. What is no escape stands for itself.
    static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

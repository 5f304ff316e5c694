/// Writes JSON text piece by piece. Keys and strings are escaped.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var mustSeparate = false

    /// The text so far.
    var string: String { String(decoding: bytes, as: UTF8.self) }

    /// `{…}`, as a value or as the member `key`.
    mutating func object(_ key: String? = nil, _ members: (inout JSONText) -> Void) { nest(key, "{", "}", members) }

    /// `[…]`, as a value or as the member `key`.
    mutating func array(_ key: String? = nil, _ elements: (inout JSONText) -> Void) { nest(key, "[", "]", elements) }

    /// A whole number, as an element or as the member `key`.
    mutating func number(_ key: String? = nil, _ value: some BinaryInteger) {
        begin(key)
        bytes.append(contentsOf: "\(value)".utf8)
    }

    /// A string, as an element or as the member `key`.
    mutating func string(_ key: String? = nil, _ value: String) {
        begin(key)
        quote(value)
    }

    /// A truth value, as an element or as the member `key`.
    mutating func bool(_ key: String? = nil, _ value: Bool) {
        begin(key)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// `null`, as an element or as the member `key`.
    mutating func null(_ key: String? = nil) {
        begin(key)
        bytes.append(contentsOf: "null".utf8)
    }

    /// Ends a line, between values of their own (JSON lines).
    mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        mustSeparate = false
    }

    private mutating func nest(_ key: String?, _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONText) -> Void) {
        begin(key)
        bytes.append(UInt8(ascii: open))
        mustSeparate = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        mustSeparate = true
    }

    private mutating func begin(_ key: String?) {
        if mustSeparate { bytes.append(UInt8(ascii: ",")) }
        mustSeparate = true
        guard let key else { return }
        quote(key)
        bytes.append(UInt8(ascii: ":"))
    }

    /// RFC 8259, section 7: quotes, backslashes and control characters are escaped, all else stands for itself.
    private mutating func quote(_ value: String) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0..<0x20: bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

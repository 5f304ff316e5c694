/// Reads a JSON text (RFC 8259) into nodes that know their lines, for messages that name a place.
///
/// Strict: no comments, no trailing commas, no key twice in an object. Bounded: nesting up to 32 levels.
struct JSONReader {
    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0

    private static let deepest = 32

    /// The value that the text is.
    /// - Throws: where the text stops being JSON.
    static func read(_ bytes: [UInt8]) throws(JSONTextError) -> JSONNode {
        var reader = JSONReader(bytes: bytes)
        // An editor's byte order mark says nothing in UTF-8.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.at = 3 }
        let node = try reader.value()
        reader.skipBlanks()
        guard reader.at == bytes.count else { throw reader.failure("the text goes on after its end; remove what follows") }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func failure(_ reason: String, at index: Int? = nil) -> JSONTextError {
        JSONTextError(offset: index ?? at, reason: reason)
    }

    private mutating func skipBlanks() {
        while let byte, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    /// Steps over `expected`, or says what stands there instead.
    private mutating func expect(_ expected: Character, _ purpose: String) throws(JSONTextError) {
        skipBlanks()
        guard byte == expected.asciiValue else { throw failure("\(found) stands where “\(expected)” \(purpose)") }
        at += 1
    }

    private var found: String {
        guard let byte else { return "the end of the text" }
        return (0x21...0x7E).contains(byte) ? "“\(Character(UnicodeScalar(byte)))”" : "a character that is not ASCII"
    }

    private mutating func value() throws(JSONTextError) -> JSONNode {
        skipBlanks()
        let start = at
        let value: JSONNode.Value
        switch byte {
        case UInt8(ascii: "{"): value = try nested { reader throws(JSONTextError) in .object(try reader.members()) }
        case UInt8(ascii: "["): value = try nested { reader throws(JSONTextError) in .array(try reader.elements()) }
        case UInt8(ascii: "\""): value = .string(try string())
        case .some(UInt8(ascii: "-")), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): value = .number(try number())
        case UInt8(ascii: "t"): value = try word("true", .bool(true))
        case UInt8(ascii: "f"): value = try word("false", .bool(false))
        case UInt8(ascii: "n"): value = try word("null", .null)
        default: throw failure("\(found) stands where a value should begin (texts need double quotes; a comma needs something after it)")
        }
        return JSONNode(value: value, offset: start, end: at)
    }

    private mutating func nested(
        _ body: (inout JSONReader) throws(JSONTextError) -> JSONNode.Value
    ) throws(JSONTextError) -> JSONNode.Value {
        guard depth < Self.deepest else { throw failure("it is nested deeper than \(Self.deepest) levels") }
        depth += 1
        at += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func members() throws(JSONTextError) -> [JSONNode.Member] {
        var members: [JSONNode.Member] = []
        var keys: Set<String> = []
        skipBlanks()
        if byte == UInt8(ascii: "}") {
            at += 1
            return members
        }
        while true {
            skipBlanks()
            guard byte == UInt8(ascii: "\"") else { throw failure("\(found) stands where a key in double quotes should begin") }
            let start = at
            let key = try string()
            guard keys.insert(key).inserted else { throw failure("the key “\(key.excerpt)” stands here for the second time", at: start) }
            try expect(":", "should part a key from its value")
            members.append(JSONNode.Member(key: key, keyOffset: start, node: try value()))
            skipBlanks()
            if byte != UInt8(ascii: ",") { break }
            at += 1
        }
        try expect("}", "or “,” should follow")
        return members
    }

    private mutating func elements() throws(JSONTextError) -> [JSONNode] {
        var elements: [JSONNode] = []
        skipBlanks()
        if byte == UInt8(ascii: "]") {
            at += 1
            return elements
        }
        while true {
            elements.append(try value())
            skipBlanks()
            if byte != UInt8(ascii: ",") { break }
            at += 1
        }
        try expect("]", "or “,” should follow")
        return elements
    }

    private mutating func word(_ word: String, _ value: JSONNode.Value) throws(JSONTextError) -> JSONNode.Value {
        guard bytes[at...].starts(with: word.utf8) else { throw failure("this is no value; perhaps \(word) was meant") }
        at += word.utf8.count
        return value
    }

    private mutating func number() throws(JSONTextError) -> String {
        let start = at
        if byte == UInt8(ascii: "-") { at += 1 }
        let whole = try digits("a number needs a digit here")
        if whole.count > 1, bytes[whole.lowerBound] == UInt8(ascii: "0") { throw failure("a number has no leading zero", at: start) }
        if byte == UInt8(ascii: ".") {
            at += 1
            _ = try digits("a digit must follow the point")
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            at += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { at += 1 }
            _ = try digits("an exponent needs a digit")
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func digits(_ complaint: String) throws(JSONTextError) -> Range<Int> {
        let start = at
        while let byte, (0x30...0x39).contains(byte) { at += 1 }
        guard at > start else { throw failure(complaint) }
        return start..<at
    }

    private mutating func string() throws(JSONTextError) -> String {
        let start = at
        at += 1
        var text: [UInt8] = []
        while let byte, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("a text ends on the line where it begins; close it with a double quote, or write \\n") }
            at += 1
            if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: String(try escape()).utf8)
            } else {
                text.append(byte)
            }
        }
        guard byte != nil else { throw failure("this text is not closed with a double quote", at: start) }
        at += 1
        guard let valid = String(validating: text, as: UTF8.self) else { throw failure("this text is not UTF-8", at: start) }
        return valid
    }

    /// What stands after a backslash.
    private mutating func escape() throws(JSONTextError) -> Unicode.Scalar {
        let start = at - 1
        let kind = byte
        at += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind!)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard var code = hexadecimal() else { throw failure("four hexadecimal digits must follow \\u", at: start) }
            if (0xD800..<0xDC00).contains(code), bytes[min(at, bytes.count)...].starts(with: #"\u"#.utf8) {
                at += 2
                if let low = hexadecimal(), (0xDC00..<0xE000).contains(low) { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("this half of a surrogate pair stands alone", at: start) }
            return scalar
        default: throw failure("a backslash is followed by one of \" \\ / b f n r t u", at: start)
        }
    }

    private mutating func hexadecimal() -> UInt32? {
        guard at + 4 <= bytes.count else { return nil }
        let digits = bytes[at..<at + 4]
        guard digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
        at += 4
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}

/// A value of a JSON text (RFC 8259) that knows where it stands.
struct JSONNode: Hashable, Sendable {
    /// What may stand in a JSON text.
    enum Value: Hashable, Sendable {
        case null
        case bool(Bool)
        /// As it was written.
        case number(String)
        case string(String)
        case array([JSONNode])
        case object([Member])
    }

    /// A key with its value.
    struct Member: Hashable, Sendable {
        var key: String
        /// The byte of the text at which the key begins.
        var keyOffset: Int
        var node: JSONNode
    }

    var value: Value
    /// The byte of the text at which the value begins.
    var offset: Int
    /// The byte after its last.
    var end: Int

    /// The kind of value, for a sentence.
    var kind: String {
        switch value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let text): "the number \(text.excerpt)"
        case .string(let text): "the text “\(text.excerpt)”"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// Where a text stops being JSON, and why.
struct JSONTextError: Error, Hashable, Sendable {
    /// The byte at which it stops.
    var offset: Int
    var reason: String
}

/// A place in a text as editors show it. Both count from 1; a column is a Unicode scalar.
struct TextPosition: Hashable, Sendable, CustomStringConvertible {
    var line: Int
    var column: Int

    /// Where the byte at `offset` stands.
    init(offset: Int, in text: [UInt8]) {
        let before = text.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        line = before.count { $0 == UInt8(ascii: "\n") } + 1
        column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    }

    /// `3:17`.
    var description: String { "\(line):\(column)" }
}

/// A row of netstrings, read one after another.
struct Netstrings {
    private var strings: ArraySlice<[UInt8]>
    var count: Int { strings.count }

    /// Nil when the bytes are not such a row.
    init?(_ bytes: [UInt8]) {
        var list: [[UInt8]] = []
        var at = 0
        while at < bytes.count {
            guard let colon = bytes[at...].prefix(12).firstIndex(of: UInt8(ascii: ":")),
                let length = Int(String(decoding: bytes[at..<colon], as: UTF8.self)), length >= 0, length < bytes.count - colon - 1,
                bytes[colon + 1 + length] == UInt8(ascii: ",")
            else { return nil }
            list.append(Array(bytes[colon + 1..<colon + 1 + length]))
            at = colon + length + 2
        }
        strings = list[...]
    }

    mutating func next() -> [UInt8]? { strings.popFirst() }
}

/// Words with single spaces between.
struct Words {
    private var words: ArraySlice<Substring>

    init(_ bytes: [UInt8]) { words = String(decoding: bytes, as: UTF8.self).split(separator: " ")[...] }

    mutating func text() -> String? { words.popFirst().map(String.init) }
    /// Within ±2⁵³, as Redis' scripts count: sums of such numbers never overflow.
    mutating func number() -> Int64? { words.popFirst().flatMap { Int64($0) }.flatMap { $0.magnitude <= 1 << 53 ? $0 : nil } }
    var rest: [String] { words.map(String.init) }
}

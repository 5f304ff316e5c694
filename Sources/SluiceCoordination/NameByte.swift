extension UInt8 {
    /// Whether the byte may occur in the names of mirrors, incarnations and nodes: `[A-Za-z0-9._-]`.
    /// They stand between spaces, colons and equals signs in keys and messages, so none of these may.
    package var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// The name of one process's membership in a pool: `host:pid:random`.
///
/// The last part is new at every start, so a restarted process never passes for its predecessor.
package struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The whole name, at most 128 characters of `[A-Za-z0-9._:-]`.
    package let text: String

    /// How many characters the random part has.
    package static let tagLength = 8

    /// The random part. The ledger writes only this into its records; it says whose a grant is.
    package var tag: Substring { text.suffix(Self.tagLength) }

    /// Reads a name that `init(host:process:random:)` wrote; nil when it is none.
    package init?(text: String) {
        let bytes = text.utf8
        guard bytes.count <= 128, bytes.allSatisfy({ $0.isNameByte || $0 == UInt8(ascii: ":") }) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), parts[2].utf8.count == Self.tagLength else { return nil }
        self.text = text
    }

    /// Names a node. What is odd in the host's name becomes `-`, and 64 characters of it are kept.
    /// - Parameter random: draws the last part; a simulation passes its own generator.
    package init(host: String, process: Int32, random: inout some RandomNumberGenerator) {
        let kept = host.utf8.prefix(64).map { $0.isNameByte ? $0 : UInt8(ascii: "-") }
        let name = kept.isEmpty ? "host" : String(decoding: kept, as: UTF8.self)
        text = "\(name):\(process):\(randomWord(length: Self.tagLength, from: &random))"
    }

    package var description: String { text }

    package static func < (left: NodeID, right: NodeID) -> Bool { left.text < right.text }
}

/// A word of lower-case letters and digits: easy to read aloud, easy to search for in a log.
package func randomWord(length: Int, from generator: inout some RandomNumberGenerator) -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    return String(decoding: (0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }, as: UTF8.self)
}

/// What a node must be configured with alike so that a leader can grant it slots: short enough for every message.
///
/// Text: `MIRRORS:TIMEOUT`, a hash of the mirrors' names in base 36 and the time-out in µs; `-` for what was not said.
package struct TermsMark: Hashable, Sendable {
    /// Two sets of mirrors with the same hash are taken for equal (FNV-1a, 64 bits).
    private let mirrors: String
    private let requestTimeout: Int64

    package init(_ terms: LedgerTerms) {
        let names = terms.mirrors.map(\.name).sorted().joined(separator: " ")
        mirrors = String(names.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }, radix: 36)
        requestTimeout = terms.requestTimeout
    }

    /// Whether a leader with these terms can grant slots to a node with the other ones.
    ///
    /// It must know the node's mirrors, and the node all of its; and a grant lasts for as long as a request of the *leader* may take: who
    /// has a longer time-out would have to send sooner, or not at all.
    package func serves(_ other: TermsMark) -> Bool { mirrors == other.mirrors && requestTimeout >= other.requestTimeout }

    package var text: String { "\(mirrors):\(requestTimeout)" }

    /// Nil when the text is no such mark.
    package init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let timeout = Int64(parts[1]) else { return nil }
        mirrors = String(parts[0])
        requestTimeout = timeout
    }
}

/// The ledger as it was at one call: what a member keeps in case the data is lost.
package struct LedgerCopy: Hashable, Sendable {
    package var incarnation: String
    /// Earlier lives of the data whose memory is in it.
    package var lives: [String]
    /// Grows with every change within a life.
    package var version: Int64
    /// Every grant in it has a smaller number, and every grant made since has none smaller.
    package var nextNumber: Int64
    /// Ledger time of the call, surely not ahead; all times in the mirrors are ledger time.
    package var time: Int64
    package var mirrors: [String: MirrorLedger]

    package init(
        incarnation: String, lives: [String], version: Int64, nextNumber: Int64, time: Int64, mirrors: [String: MirrorLedger] = [:]
    ) {
        self.incarnation = incarnation
        self.lives = lives
        self.version = version
        self.nextNumber = nextNumber
        self.time = time
        self.mirrors = mirrors
    }

    /// Whether it was made later than another of the same line of lives.
    func isNewer(than other: LedgerCopy) -> Bool {
        if incarnation == other.incarnation { return version > other.version }
        if lives.contains(other.incarnation) { return true }
        return !other.lives.contains(incarnation) && version > other.version
    }

    /// Whether a node's grant is open in it.
    func holds(_ number: Int64, of tag: Substring) -> Bool {
        mirrors.values.contains { $0.open.place(of: number, tag: tag) != nil }
    }
}

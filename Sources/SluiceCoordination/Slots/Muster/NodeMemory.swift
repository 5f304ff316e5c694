import SluiceLoop

/// What a node keeps in mind in case the ledger's data is lost, as a pure value: a copy of the ledger, no older than a second
/// or so, and what became of its own grants since.
struct NodeMemory: Sendable {
    private struct Own: Sendable {
        let mirror: String
        let count: Int64
        var worthlessAt: Instant
        /// In the order in which the ledger confirmed them; nil for a slot that was never used.
        var settled: Runs<Instant?> = []
    }

    private let tag: Substring
    /// How long a slot may count at any mirror after its completion, in µs.
    private let longest: Int64
    private var incarnation: String?
    private var copy: LedgerCopy?
    /// When the copy was in hand; it was made before.
    private var copiedAt = Instant(microseconds: .min)
    private var own: [Int64: Own] = [:]

    init(id: NodeID, terms: LedgerTerms) {
        tag = id.tag
        longest = terms.mirrors.map(\.longestMemory).max() ?? 0
    }

    /// The version of the copy in hand, when it is of this life.
    func version(of incarnation: String?) -> Int64? { copy?.incarnation == incarnation ? copy?.version : nil }

    /// The copy in hand, and when it was made, or a little later.
    var latest: (copy: LedgerCopy, at: Instant)? { copy.map { ($0, copiedAt) } }

    /// Whether a life of the data holds all that this node remembers.
    func isContained(in incarnation: String, lives: [String]) -> Bool {
        guard let known = self.incarnation else { return true }
        return known == incarnation || lives.contains(known)
    }

    /// A grant came into the node's hand.
    mutating func adopted(_ number: Int64, count: Int64, mirror: String, of incarnation: String, worthlessAt: Instant) {
        guard own[number] == nil else { return }
        if self.incarnation == nil { self.incarnation = incarnation }
        own[number] = Own(mirror: mirror, count: count, worthlessAt: worthlessAt)
    }

    /// The ledger has confirmed a report about a grant.
    mutating func confirmed(_ number: Int64, completed: Runs<Instant>, unsent: Int, extendedTo: Instant?) {
        guard own[number] != nil else { return }
        own[number]!.settled.append(contentsOf: completed.map(Optional.some))
        own[number]!.settled.append(nil, count: unsent)
        if let extendedTo { own[number]!.worthlessAt = max(own[number]!.worthlessAt, extendedTo) }
    }

    /// A new copy is in hand: what it shows as settled need not be remembered apart.
    mutating func copied(_ copy: LedgerCopy, at now: Instant) {
        // The data went back: what the newer copy knows is still needed.
        if let known = self.copy, known.incarnation == copy.incarnation, known.version > copy.version { return }
        incarnation = copy.incarnation
        self.copy = copy
        copiedAt = now
        for (number, grant) in own {
            let isSettled = number < copy.nextNumber && !copy.holds(number, of: tag)
            if isSettled || now.microseconds(since: grant.worthlessAt) > 2 * longest { own[number] = nil }
        }
    }

    /// All of it, as of now; nil when there is nothing to tell.
    /// - Parameter doubtful: how many slots of a grant were reported as never used without an answer yet.
    func recollection(at now: Instant, doubtful: (Int64) -> Int) -> Recollection? {
        guard let incarnation else { return nil }
        let since = max(0, now.microseconds(since: copiedAt))
        let grants = own.sorted { $0.key < $1.key }.map { number, grant in
            Recollection.Own(
                number: number, mirror: grant.mirror, count: grant.count, remaining: grant.worthlessAt.microseconds(since: now),
                settled: grant.settled.map { $0.map { now.microseconds(since: $0) } }, doubtful: Int64(doubtful(number)))
        }
        return Recollection(
            incarnation: incarnation, copy: copy,
            copyTime: copy.map { $0.time + since - LedgerTerms.drift(over: since) } ?? 0, own: grants)
    }
}

/// What the leader tells everybody at each renewal, and when it goes.
///
/// Published on `beat`; text: `B1 LEADER EPOCH WAITING FREE NEXT INCARNATION TIME FRAME HIGH NORMAL LOW HIGHS NORMALS LOWS TERMS`
/// while it leads (NEXT in microseconds, -1 when unknown; INCARNATION `-` before the leader's first call; who waits in each tier, and
/// on how many nodes; TERMS see `TermsMark`), `R1 LEADER EPOCH` when it has resigned. The ledger itself says
/// `M1 INCARNATION NUMBER` when data may be lost, and `L1 INCARNATION` when members with another configuration have come or gone.
///
/// A beat tells which life of the ledger's data the pool is on, so that every node remembers it if the data is lost.
package enum BeatMessage: Hashable, Sendable {
    /// The lease was renewed. With it: how many wait in the pool, how many slots are free, when the next one comes, who waits, and
    /// what the leader is configured with.
    case beat(
        leader: String, epoch: Int64, waiting: Int, free: Int, nextRelease: Int64?, ledger: LedgerStamp?, crowd: Crowd = .nobody,
        terms: TermsMark? = nil)
    /// The ledger asks its members what they remember.
    case muster(incarnation: String, number: Int64)
    /// What members are configured with has changed.
    case configurations(incarnation: String)
    /// The leader has given its lease back.
    case resigned(leader: String, epoch: Int64)

    package var text: String {
        switch self {
        case .beat(let leader, let epoch, let waiting, let free, let next, let ledger, let crowd, let terms):
            // A ledger that was lost has no name until the next call that changes it.
            let known = ledger.flatMap { $0.incarnation.isEmpty ? nil : $0 }
            return
                "B1 \(leader) \(epoch) \(waiting) \(free) \(next ?? -1) \(known?.incarnation ?? "-") \(known?.time ?? 0) \(known?.frame ?? 0)"
                + (crowd.waiting + crowd.nodes).reduce("") { "\($0) \($1)" } + " \(terms?.text ?? "-")"
        case .muster(let incarnation, let number): return "M1 \(incarnation) \(number)"
        case .configurations(let incarnation): return "L1 \(incarnation)"
        case .resigned(let leader, let epoch): return "R1 \(leader) \(epoch)"
        }
    }

    /// Nil when the payload is no such message.
    package init?(payload: [UInt8]) {
        if var fields = TextFields(payload, version: "B1", count: 8) {
            guard let leader = fields.text(), let epoch = fields.number(), let waiting = fields.count(), let free = fields.count(),
                let next = fields.number(), let incarnation = fields.text(), let time = fields.number(),
                let frame = fields.number()
            else { return nil }
            let crowd = (0..<6).compactMap { _ in fields.count() }
            let known = crowd.count == 6 ? Crowd(waiting: Array(crowd[..<3]), nodes: Array(crowd[3...])) : .nobody
            let terms = fields.text().flatMap(TermsMark.init(text:))
            self = .beat(
                leader: leader, epoch: epoch, waiting: waiting, free: free, nextRelease: next < 0 ? nil : next,
                ledger: incarnation == "-" ? nil : LedgerStamp(time: time, frame: frame, incarnation: incarnation),
                crowd: known, terms: terms)
        } else if var fields = TextFields(payload, version: "R1", count: 2) {
            guard let leader = fields.text(), let epoch = fields.number() else { return nil }
            self = .resigned(leader: leader, epoch: epoch)
        } else if var fields = TextFields(payload, version: "M1", count: 2) {
            guard let incarnation = fields.text(), let number = fields.number() else { return nil }
            self = .muster(incarnation: incarnation, number: number)
        } else if var fields = TextFields(payload, version: "L1", count: 1) {
            guard let incarnation = fields.text() else { return nil }
            self = .configurations(incarnation: incarnation)
        } else {
            return nil
        }
    }
}

/// G3's judge: every request for a key must have been good for something, or have a fault to show for it.
///
/// A *need* is a key without a fresh record that somebody asks for. A request meets it when its answer is stored; that ends the need.
/// A request that meets none is *extra*, and each needs an excuse of its own, which is one of `Excuse`. So without a fault requests
/// and needs are equal, and a fault costs at most one request for each key whose fetch it hits.
package struct NeedAudit: Sendable {
    /// Why a request met no need.
    package enum Excuse: String, Hashable, Sendable, CaseIterable {
        /// The mirror gave no answer that is one, or not in time; the next attempt is another request.
        case mirror
        /// Everybody who wanted it had given up, or was out of time.
        case unwanted
        /// Its process died.
        case died
        /// Its process left.
        case left
        /// The key was purged since its right was taken: a new need.
        case purged
        /// Redis lost its data since, or was rolled back: the right with it.
        case dataLost
        /// Redis' clock was set since: leases and lives ended early, or came back.
        case clockSet
        /// Its process could not be heard for so long that its lease ended: it stood still, or a command failed or was slow.
        case unheard
        /// Its answer could not be stored, since Redis could not be reached.
        case notStored
    }

    /// Requests that left for keys.
    package private(set) var sent = 0
    /// Needs that were met.
    package private(set) var met = 0
    /// Requests that met none, by what excuses them.
    package private(set) var extra: [Excuse: Int] = [:]
    /// Calls for keys that were answered, from memory those that needed nobody.
    package var answered = 0
    package var fromMemory = 0

    package init() {}

    mutating func left() { sent += 1 }

    mutating func metNeed() { met += 1 }

    mutating func lost(_ excuse: Excuse) { extra[excuse, default: 0] += 1 }

    /// Adds another run's.
    package mutating func add(_ other: NeedAudit) {
        sent += other.sent
        met += other.met
        answered += other.answered
        fromMemory += other.fromMemory
        extra.merge(other.extra, uniquingKeysWith: +)
    }
}

extension NeedAudit: CustomStringConvertible {
    package var description: String {
        let reasons = Excuse.allCases.compactMap { reason in extra[reason].map { "\($0) \(reason)" } }.joined(separator: ", ")
        return
            "\(answered) calls for keys, \(fromMemory) from memory; \(sent) requests met \(met) needs, \(reasons.isEmpty ? "none" : reasons)"
            + " excused"
    }
}

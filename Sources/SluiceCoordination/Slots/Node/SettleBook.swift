package import SluiceLoop

/// What this node has to tell the ledger about its grants, as a pure value.
///
/// A report names how much of its grant is still unreported, so the ledger can skip what it has heard already: one
/// whose answer was lost is sent again exactly as it was, before anything new of that grant. Completions carry their age, so a report that waits costs nothing.
package struct SettleBook: Sendable {
    /// What is to be reported about one grant.
    package struct Report: Hashable, Sendable {
        package let mirror: Int
        package let grant: GrantKey
        /// How many of the grant's slots no earlier report spoke of.
        package let remaining: Int
        package let settled: SettledSlots
        /// Whether the slots that remain need more time.
        package let extends: Bool
    }

    private struct Open: Sendable {
        let mirror: Int
        /// Slots that no confirmed report spoke of.
        var remaining: Int
        /// After this instant a report changes nothing any more.
        var worthlessAt: Instant
        /// From its making until then, in microseconds.
        let life: Int64
        var extends = false
        /// What is to be reported, and what was and has no answer.
        var news = SettledSlots()
        var sent: SettledSlots?
    }

    private var grants: [GrantKey: Open] = [:]
    /// Settled grants, kept while a late message could still speak of them.
    private var closed: [GrantKey: Instant] = [:]
    private var closedInOrder: [(grant: GrantKey, until: Instant)] = []
    /// Grants whose last reports came too late. Where ledger time has lost some, the ledger may still hold them, and a pull would bring
    /// them again; a few for each outage, for as long as `memory`.
    private var abandoned: [GrantKey: Instant] = [:]
    /// No ledger keeps a grant for a day longer than its node thinks, in microseconds.
    private static let memory: Int64 = 86_400_000_000
    /// The grants with something to report.
    private var pending: Set<GrantKey> = []
    /// When the pending reports must leave.
    package private(set) var due: Instant?
    private let patience: Int64
    /// How long a completion may wait for others before it is reported, in microseconds, where nothing else is said.
    package static let patience: Int64 = 20_000
    /// The same where plenty is free and slots are held ahead. A slot that waited for its request as long as it may, and a request that took all
    /// its time, are still reported before the ledger gives a silent node up.
    package static let longestPatience: Int64 = LedgerTick.period + 100_000

    /// - Parameter patience: how long a completion may wait for others before it is reported, in microseconds.
    package init(patience: Int64 = Self.patience) { self.patience = patience }

    /// Whether the grant was heard of before, settled or not: a late message about it brings nothing new.
    package func knows(_ grant: GrantKey) -> Bool { grants[grant] != nil || closed[grant] != nil || abandoned[grant] != nil }

    /// How many slots of a grant were reported as unused and have no answer.
    package func doubtful(_ number: Int64) -> Int {
        grants[GrantKey(life: 0, number: number)]?.sent?.unsent ?? 0
    }

    /// How many grants are open.
    package var openGrants: Int { grants.count }

    /// A grant arrived.
    /// - Parameter worthlessAt: when the ledger has certainly forgotten the grant.
    package mutating func opened(_ grant: GrantKey, mirror: Int, count: Int, worthlessAt: Instant, now: Instant) {
        guard !knows(grant) else { return }
        grants[grant] = Open(
            mirror: mirror, remaining: count, worthlessAt: worthlessAt, life: worthlessAt.microseconds(since: now))
        forgetClosed(now: now)
    }

    private mutating func forgetClosed(now: Instant) {
        // In batches: taking the front off an array costs its length.
        guard closedInOrder.count >= 128, closedInOrder[closedInOrder.count / 2].until <= now else { return }
        let count = closedInOrder.prefix { $0.until <= now }.count
        for entry in closedInOrder.prefix(count) { closed[entry.grant] = nil }
        closedInOrder.removeFirst(count)
    }

    /// The slots of this grant are in use for longer than expected.
    package mutating func extend(_ grant: GrantKey, now: Instant) {
        guard grants[grant] != nil else { return }
        grants[grant]!.extends = true
        pending.insert(grant)
        due = min(due ?? now, now)
    }

    private mutating func abandon(_ grant: GrantKey, now: Instant) {
        if abandoned.count >= 128, let oldest = abandoned.values.min(), now.microseconds(since: oldest) >= Self.memory {
            abandoned = abandoned.filter { now.microseconds(since: $0.value) < Self.memory }
        }
        abandoned[grant] = now
    }

    private mutating func close(_ grant: GrantKey, until: Instant) {
        grants[grant] = nil
        closed[grant] = until
        closedInOrder.append((grant, until))
    }

    /// Something became of slots of a grant.
    /// - Parameters:
    ///   - urgent: whether others may be waiting for exactly this, as for an unused slot.
    ///   - latest: until when it may wait for others; nil: for as long as usual.
    package mutating func record(
        _ outcome: SlotOutcome, of grant: GrantKey, count: Int = 1, fare: SlotFare = .unknown, urgent: Bool, by latest: Instant? = nil,
        now: Instant
    ) {
        guard grants[grant] != nil else { return }
        grants[grant]!.news.add(outcome, count: count, fare: fare)
        pending.insert(grant)
        let latest = urgent ? now : latest ?? now.advanced(byMicroseconds: patience)
        due = min(due ?? latest, latest)
    }

    /// The reports that are to leave now; until `confirmed` or `failed` is called nothing more leaves.
    package mutating func take(now: Instant) -> [Report] {
        due = nil
        let reports = pending.sorted().compactMap { number -> Report? in
            guard let grant = grants[number] else { return nil }
            guard now < grant.worthlessAt else {
                grants[number] = nil
                abandon(number, now: now)
                return nil
            }
            // A report of unknown fate must not change: the ledger may have taken it, and counts what it skips.
            let settled = grant.sent ?? grant.news
            if grant.sent == nil { (grants[number]!.sent, grants[number]!.news) = (settled, SettledSlots()) }
            // The ledger may take it although we never hear of that: from now on it may hold the grant for longer.
            if grant.extends { grants[number]!.worthlessAt = max(grant.worthlessAt, now.advanced(byMicroseconds: grant.life)) }
            return Report(mirror: grant.mirror, grant: number, remaining: grant.remaining, settled: settled, extends: grant.extends)
        }
        pending.removeAll()
        return reports
    }

    /// The ledger has taken these reports.
    package mutating func confirmed(_ reports: [Report], now: Instant) {
        for report in reports {
            guard var grant = grants[report.grant], let sent = grant.sent else { continue }
            grant.remaining -= sent.count
            grant.sent = nil
            if report.extends {
                grant.extends = false
                // It was carried out before now.
                grant.worthlessAt = max(grant.worthlessAt, now.advanced(byMicroseconds: grant.life))
            }
            if grant.remaining > 0 {
                grants[report.grant] = grant
            } else {
                close(report.grant, until: grant.worthlessAt)
            }
            if grant.news.count > 0 {
                // What came while the report was under way has set its own time.
                pending.insert(report.grant)
                due = due ?? now
            }
        }
    }

    /// Nobody knows whether the ledger has taken these reports: they leave again, with what has come since.
    package mutating func failed(_ reports: [Report], retryAt: Instant) {
        for report in reports where grants[report.grant] != nil { pending.insert(report.grant) }
        if !pending.isEmpty { due = due.map { max($0, retryAt) } ?? retryAt }
    }
}

/// When nobody was left who could know: the one thing that the product does not promise.
///
/// The data is lost, or Redis' clock is set forward. From then on there is a doubt, which only those can settle who knew the ledger
/// before. Whoever is there and can be heard is asked, or speaks of his own accord; so a doubt becomes amnesia only if, from the first
/// call that changes the ledger afterwards until the first slot is given (and, after a restart, until every member that is well is back),
/// *none* of them could be heard for a moment. Pure; true times in microseconds.
struct Amnesia {
    /// What became doubtful.
    enum Cause: Hashable {
        case data
        case clock
    }

    struct Doubt: Hashable {
        let cause: Cause
        /// When it came about.
        let since: Int64
        /// When the ledger was first changed afterwards.
        fileprivate(set) var calledAt: Int64?
    }

    /// So long after a restart all members that are well are connected again; who asks waits for them.
    private static let homecoming: Int64 = 500_000

    private var doubts: [Doubt] = []
    /// The instants that nobody could see across.
    private(set) var instants: [Int64] = []

    /// The data is gone. What was doubtful about the former is so no more.
    mutating func dataLost(at now: Int64) { doubts = [Doubt(cause: .data, since: now)] }

    /// Redis' clock was set.
    mutating func clockSet(by span: Int64, at now: Int64) {
        // A clock that was set back frees nothing early.
        if span > 0 { doubts.append(Doubt(cause: .clock, since: now)) }
    }

    /// The ledger is changed by somebody who first heard from it at `met`; nil: never.
    mutating func changed(by met: Int64?, at now: Int64) {
        guard !doubts.isEmpty else { return }
        // Who knows what time it was tells it with each call.
        doubts.removeAll { $0.cause == .clock && met.map { [since = $0.since] in $0 < since } ?? false }
        for place in doubts.indices where doubts[place].calledAt == nil { doubts[place].calledAt = now }
    }

    /// Slots are given: every doubt is over, one way or the other.
    /// - Returns: doubts to be decided, each with when.
    mutating func granted(at now: Int64) -> [(doubt: Doubt, due: Int64)] {
        guard !doubts.isEmpty else { return [] }
        defer { doubts = [] }
        return doubts.map { ($0, $0.cause == .data ? max(now, $0.since + Self.homecoming) : now) }
    }

    /// Decides a doubt that has come due.
    /// - Parameter witnesses: of each node that has ever heard from the ledger, when it first did, and since when it could not be heard;
    ///   nil: it can be.
    mutating func decide(_ doubt: Doubt, witnesses: [(met: Int64, unheardSince: Int64?)]) {
        let from = doubt.calledAt ?? doubt.since
        let couldBeHeard = witnesses.contains { $0.met < doubt.since && $0.unheardSince.map { $0 > from } ?? true }
        if !couldBeHeard { instants.append(doubt.since) }
    }

    /// Whether so many requests would be within a limit if they were counted apart: those whose slots were given before each of the
    /// instants, and those after. A breach that would be one all the same is not excused.
    func excuses(_ granted: some Sequence<Int64>, limit: Int64) -> Bool {
        guard !instants.isEmpty else { return false }
        var counts: [Int: Int64] = [:]
        for instant in granted { counts[instants.count { $0 <= instant }, default: 0] += 1 }
        return counts.count > 1 && counts.values.allSatisfy { $0 <= limit }
    }
}

/// The ledger of one mirror: what is in use, and until when.
///
/// It keeps what members have announced of their rules, and each call says by which of them it goes: see `agree`. A log belongs
/// to a window.
package struct MirrorLedger: Hashable, Sendable {
    package internal(set) var logs: [Int64: ReleaseLog] = [:]
    package internal(set) var open = OpenGrants()
    /// What members are configured with.
    package internal(set) var announced = Announcements()
    package var counters = MirrorCounters()
    /// Ledger time until which nothing is granted.
    package internal(set) var pausedUntil: Int64 = 0
    /// When the upstream's bucket, fed by completions only, will have run empty; see `level`.
    var drained: Int64 = 0
    /// How it behaves, and what it is given therefore.
    package internal(set) var conduct = MirrorConduct()
    /// Half of its answers take longer than so many µs; 0 before the first.
    package internal(set) var latency: Int64 = 0
    /// Releases of this call, by window; they enter the logs together, in order.
    private var charged: [Int64: [Int64: Int64]] = [:]

    package init() {}

    /// What a mirror without any limit has, so that sums stay small.
    package static let unlimited: Int64 = 1_000_000

    // MARK: Events

    /// A pause that was told in doubt by a clock that was ahead lasts no longer than any.
    mutating func boundPause(at latest: Int64) { pausedUntil = min(pausedUntil, latest + LedgerState.longestPause) }

    /// Takes in what time has brought: released slots go, and silent nodes' slots count as completed.
    /// - Parameter present: pauses begin here; nil: `now`.
    package mutating func purge(at now: Int64, present: Int64? = nil, rules: MirrorRules) {
        for expired in open.removeExpired(at: now) {
            counters.expired += expired.count
            charge(completion: expired.expiry, count: expired.count, rules: rules)
            if let pause = conduct.expired(grant: expired.number) { self.pause(until: (present ?? now) + pause) }
        }
        flush(at: now)
        for limit in rules.limits { logs[limit.window]?.purge(at: now) }
        conduct.recover(rules.limits.first, at: now)
    }

    /// Counts completed requests until their window is over. Takes effect with `flush`.
    /// - Parameter plenty: the windows of the limits of which little is in use.
    package mutating func charge(completion: Int64, count: Int64, rules: MirrorRules, plenty: Set<Int64> = []) {
        guard count > 0 else { return }
        for limit in rules.limits { charge(limit, completion: completion, count: count, isPlenty: plenty.contains(limit.window)) }
        if let refill = rules.refill { drained = max(drained, completion) + refill * count }
    }

    mutating func charge(_ limit: RateLimit, completion: Int64, count: Int64, isPlenty: Bool = false) {
        charged[limit.window, default: [:]][limit.release(ofCompletion: completion, isPlenty: isPlenty), default: 0] += count
    }

    /// Enters what was charged into the logs.
    package mutating func flush(at now: Int64) {
        guard !charged.isEmpty else { return }
        for (window, releases) in charged {
            for (release, count) in releases.sorted(by: { $0.key < $1.key }) where release > now {
                logs[window, default: ReleaseLog()].insert(release: release, count: count)
            }
        }
        charged = [:]
    }

    package mutating func grant(_ record: OpenGrants.Record, rules: MirrorRules, at now: Int64) {
        open.append(record)
        conduct.took(grant: record.number, count: record.count, limit: rules.limits.first, at: now)
        counters.granted += record.count
    }

    package mutating func settle(_ count: Int64, at place: Int, expiry: Int64?) {
        open.settle(count, at: place, expiry: expiry)
    }

    package mutating func pause(until time: Int64) { pausedUntil = max(pausedUntil, time) }

    /// Takes in how requests of one grant fared.
    /// - Parameters:
    ///   - next: the number of the next grant.
    ///   - present: pauses begin here.
    mutating func judge(_ entry: SettleRequest.Entry, rules: MirrorRules, next: Int64, at now: Int64, present: Int64) {
        let tally = MirrorConduct.Tally(
            answered: max(0, entry.answered), failed: max(0, entry.failed), unreached: max(0, entry.unreached), settled: counters.settled,
            isInUse: rules.limits.first.map { logs[$0.window]?.sum ?? 0 > 0 } ?? true)
        if entry.extend != nil { conduct.extended(grant: entry.number) }
        if let pause = conduct.judge(tally, grant: entry.number, next: next, at: now) {
            self.pause(until: present + pause)
        }
        if let sample = entry.latency { latency = LatencyMedian.moved(latency, towards: sample) }
    }

    /// The mirror refused a request of a grant for want of quota.
    mutating func refused(grant: Int64, asked: Int64?, rules: MirrorRules, next: Int64, at now: Int64, present: Int64) {
        counters.throttled += 1
        let limit = rules.limits.first
        let pause = conduct.refuse(grant: grant, asked: asked, used: limit.map(used) ?? 0, limit: limit, next: next, at: now)
        self.pause(until: present + pause)
    }

    // MARK: State

    /// Slots in use under one limit.
    package func used(_ limit: RateLimit) -> Int64 { (logs[limit.window]?.sum ?? 0) + open.sum }

    /// Slots that could be granted now, were the mirror neither paused nor sealed.
    private func room(_ rules: MirrorRules, at now: Int64) -> Int64 {
        guard open.room > 0 else { return 0 }
        var room = rules.limits.isEmpty ? Self.unlimited - open.sum : Int64.max
        for limit in rules.limits { room = min(room, count(limit, rules) - used(limit)) }
        if let cap = rules.concurrency { room = min(room, cap - open.sum) }
        if let burst = rules.burst { room = min(room, burst - open.sum - level(rules, at: now)) }
        room = min(room, conduct.paced(rules.limits.first, at: now))
        if conduct.isOnProbation { room = min(room, isProbing ? 0 : 1) }
        return max(0, room)
    }

    /// What a limit is held to: the first one may be lowered.
    func count(_ limit: RateLimit, _ rules: MirrorRules) -> Int64 {
        limit == rules.limits.first ? conduct.heldTo(limit) : limit.count
    }

    /// The windows of the limits of which so little is in use that nobody misses a slot which comes back somewhat late.
    func plenty(_ rules: MirrorRules) -> Set<Int64> {
        Set(rules.limits.filter { 4 * used($0) < count($0, rules) }.map(\.window))
    }

    /// Whether the one slot that a mirror on probation gets is in use.
    private var isProbing: Bool { conduct.probe > 0 && open.contains(conduct.probe) }

    /// How often to look for the end of a probe, in µs; it is announced as well.
    private static let probing: Int64 = 50_000

    /// What is left beyond a quarter of each limit, which stays for those who come; 0 when nothing is.
    func spare(_ rules: MirrorRules) -> Int64 {
        rules.limits.reduce(Int64.max) { spare, limit in
            let count = count(limit, rules)
            return min(spare, max(0, count - count / 4 - used(limit)))
        }
    }

    /// The completed requests that the upstream's bucket still holds, rounded up.
    ///
    /// The bucket of a mirror holds each request from its arrival and loses one per refill. We let a request
    /// start to drain only at its completion, which is later, so ours is never emptier than the mirror's.
    private func level(_ rules: MirrorRules, at now: Int64) -> Int64 {
        guard let refill = rules.refill, drained > now else { return 0 }
        return (drained - now + refill - 1) / refill
    }

    package func free(_ rules: MirrorRules, at now: Int64, sealedUntil: Int64) -> Int64 {
        now < max(pausedUntil, sealedUntil) ? 0 : room(rules, at: now)
    }

    /// - Parameter from: what is still to come is counted from here; nil: from `now`.
    package func status(_ rules: MirrorRules, at now: Int64, from: Int64? = nil, sealedUntil: Int64) -> MirrorStatus {
        let from = from ?? now
        let tightest = rules.limits.min { count($0, rules) - used($0) < count($1, rules) - used($1) }
        let free = free(rules, at: now, sealedUntil: sealedUntil)
        return MirrorStatus(
            free: free, inUse: tightest.map(used) ?? open.sum,
            nextRelease: free > 0 ? 0 : earliestRoom(rules, at: now).map { max($0, pausedUntil, sealedUntil) - from },
            pausedFor: max(0, pausedUntil - from), sealedFor: max(0, sealedUntil - from), standing: conduct.standing, held: conduct.held)
    }

    /// The earliest moment at which every rule can have room again without anything coming back unsent: an
    /// open slot is taken to complete this very moment. Nil when only a settle can make room; that of a probe is soon to be expected.
    private func earliestRoom(_ rules: MirrorRules, at now: Int64) -> Int64? {
        guard open.room > 0 else { return nil }
        if let cap = rules.concurrency, open.sum >= cap { return nil }
        if rules.limits.isEmpty, open.sum >= Self.unlimited { return nil }
        var earliest = max(isProbing ? now + Self.probing : now, conduct.nextStart(rules.limits.first))
        for limit in rules.limits {
            let needed = used(limit) - count(limit, rules) + 1
            guard needed > 0 else { continue }
            earliest = max(earliest, logs[limit.window]?.release(of: needed) ?? limit.release(ofCompletion: now))
        }
        if let burst = rules.burst, let refill = rules.refill, burst - open.sum - level(rules, at: now) <= 0 {
            earliest = max(earliest, open.sum >= burst ? now + refill : drained - (burst - open.sum - 1) * refill)
        }
        return earliest
    }
}

extension MirrorRules {
    /// How long a bucket with this burst needs for one token: that of the slowest limit; nil without a burst.
    package var refill: Int64? {
        guard burst != nil else { return nil }
        return limits.map { limit in
            let interval = (limit.window + limit.count - 1) / limit.count
            return interval + LedgerTerms.drift(over: interval)
        }.max()
    }

    /// How long a slot of unknown past may still count at this mirror.
    package var longestMemory: Int64 { limits.last?.guardedWindow ?? 0 }
}

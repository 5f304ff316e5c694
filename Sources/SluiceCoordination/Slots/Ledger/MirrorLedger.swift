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
    /// Releases of this call, by window; they enter the logs together, in order.
    private var charged: [Int64: [Int64: Int64]] = [:]

    package init() {}

    /// What a mirror without any limit has, so that sums stay small.
    package static let unlimited: Int64 = 1_000_000

    // MARK: Events

    /// Takes in what time has brought: released slots go, and silent nodes' slots count as completed.
    package mutating func purge(at now: Int64, rules: MirrorRules) {
        for expired in open.removeExpired(at: now) {
            counters.expired += expired.count
            charge(completion: expired.expiry, count: expired.count, rules: rules)
        }
        flush(at: now)
        for limit in rules.limits { logs[limit.window]?.purge(at: now) }
    }

    /// Counts completed requests until their window is over. Takes effect with `flush`.
    package mutating func charge(completion: Int64, count: Int64, rules: MirrorRules) {
        guard count > 0 else { return }
        for limit in rules.limits { charge(limit, completion: completion, count: count) }
        if let refill = rules.refill { drained = max(drained, completion) + refill * count }
    }

    mutating func charge(_ limit: RateLimit, completion: Int64, count: Int64) {
        charged[limit.window, default: [:]][limit.release(ofCompletion: completion), default: 0] += count
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

    package mutating func grant(_ record: OpenGrants.Record) {
        open.append(record)
        counters.granted += record.count
    }

    package mutating func settle(_ count: Int64, at place: Int, expiry: Int64?) {
        open.settle(count, at: place, expiry: expiry)
    }

    package mutating func pause(until time: Int64) { pausedUntil = max(pausedUntil, time) }

    // MARK: State

    /// Slots in use under one limit.
    package func used(_ limit: RateLimit) -> Int64 { (logs[limit.window]?.sum ?? 0) + open.sum }

    /// Slots that could be granted now, were the mirror neither paused nor sealed.
    private func room(_ rules: MirrorRules, at now: Int64) -> Int64 {
        guard open.room > 0 else { return 0 }
        var room = rules.limits.isEmpty ? Self.unlimited - open.sum : Int64.max
        for limit in rules.limits { room = min(room, limit.count - used(limit)) }
        if let cap = rules.concurrency { room = min(room, cap - open.sum) }
        if let burst = rules.burst { room = min(room, burst - open.sum - level(rules, at: now)) }
        return max(0, room)
    }

    /// What is left beyond a quarter of each limit, which stays for those who come; 0 when nothing is.
    func spare(_ rules: MirrorRules) -> Int64 {
        rules.limits.reduce(Int64.max) { min($0, max(0, $1.count - $1.count / 4 - used($1))) }
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

    package func status(_ rules: MirrorRules, at now: Int64, sealedUntil: Int64) -> MirrorStatus {
        let tightest = rules.limits.min { $0.count - used($0) < $1.count - used($1) }
        let free = free(rules, at: now, sealedUntil: sealedUntil)
        return MirrorStatus(
            free: free, inUse: tightest.map(used) ?? open.sum,
            nextRelease: free > 0 ? 0 : earliestRoom(rules, at: now).map { max($0, pausedUntil, sealedUntil) - now },
            pausedFor: max(0, pausedUntil - now), sealedFor: max(0, sealedUntil - now))
    }

    /// The earliest moment at which every rule can have room again without anything coming back unsent: an
    /// open slot is taken to complete this very moment. Nil when only a settle can make room.
    private func earliestRoom(_ rules: MirrorRules, at now: Int64) -> Int64? {
        guard open.room > 0 else { return nil }
        if let cap = rules.concurrency, open.sum >= cap { return nil }
        if rules.limits.isEmpty, open.sum >= Self.unlimited { return nil }
        var earliest = now
        for limit in rules.limits {
            let needed = used(limit) - limit.count + 1
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

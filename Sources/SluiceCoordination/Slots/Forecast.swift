package import SluiceLoop

/// When slots are going to be had while a queue keeps taking all of them: the schedule that a copy of the ledger implies.
///
/// Each mirror is played forward: every slot is used the moment it comes free, its request takes as long as requests took lately, and
/// a window later it is free again. In a steady queue that is what happens, so the answer holds to within the spread of latencies.
/// Unlike `Outlook`, which is a bound that nothing can beat and by which callers are refused, this is what to expect.
package struct Forecast: Sendable {
    /// Before this nobody waited, and slots stayed free.
    let base: Instant
    private var lanes: [Lane]
    /// When slots start, in µs after `base`, in order; grows as far as it is asked for.
    private var starts: [Int64] = []

    /// So many slots are played; farther ahead their rate goes on.
    private static let most = 16_384

    /// - Parameters:
    ///   - ledgers: what is known of the mirrors, by name; a mirror that is missing is taken to be unused.
    ///   - time: the ledger time of what is known, and the instant that it was.
    ///   - since: when somebody began to wait.
    ///   - latencies: how long a request takes at each mirror, in µs.
    package init(
        rules: [MirrorRules], latencies: [Int64], ledgers: [String: MirrorLedger], time: Int64, at copied: Instant, since: Instant
    ) {
        base = max(copied, since)
        let offset = time + max(0, base.microseconds(since: copied))
        lanes = zip(rules, latencies).map { Lane($0, ledgers[$0.name] ?? MirrorLedger(), latency: $1, now: offset) }
    }

    /// When whoever is at this place of the pool's queue, from 1, can start.
    package mutating func start(of place: Int, now: Instant) -> Instant {
        let passed = now.microseconds(since: base)
        // Whatever came free until now was taken.
        let target = taken(before: passed) + max(1, place) - 1
        play(to: min(target, Self.most - 1))
        if target < starts.count { return max(now, base.advanced(byMicroseconds: starts[target])) }
        guard let last = starts.last, starts.count > 1 else { return now }
        let middle = starts.count / 2
        let pace = Double(last - starts[middle]) / Double(starts.count - 1 - middle)
        return max(now, base.advanced(byMicroseconds: last + Int64(pace * Double(target - starts.count + 1))))
    }

    private mutating func taken(before passed: Int64) -> Int {
        while starts.count < Self.most, starts.last ?? .min < passed { play(to: starts.count) }
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] < passed { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func play(to place: Int) {
        while starts.count <= place {
            guard let lane = lanes.indices.min(by: { lanes[$0].next < lanes[$1].next }) else { return }
            starts.append(lanes[lane].next)
            lanes[lane].take()
        }
    }

    /// One mirror, played forward. Times are µs after the forecast's base.
    private struct Lane: Sendable {
        private struct Limit: Sendable {
            let count: Int
            /// From a start until its slot is free again.
            let cycle: Int64
            var releases: ReleaseQueue
        }

        /// When the next slot can start.
        private(set) var next: Int64 = 0
        private var limits: [Limit]
        private let latency: Int64
        private let burst: Int64?
        private let refill: Int64
        private var drained: Int64

        init(_ rules: MirrorRules, _ ledger: MirrorLedger, latency: Int64, now: Int64) {
            // Until this node has measured it, what the pool has.
            self.latency = latency > 0 ? latency : ledger.latency
            let latency = self.latency
            burst = rules.burst
            refill = rules.refill ?? 0
            drained = ledger.drained == 0 ? 0 : ledger.drained - now
            let underWay = Int(ledger.open.sum)
            limits = []
            for (place, limit) in rules.limits.enumerated() {
                var releases = (ledger.logs[limit.window]?.records ?? []).map { (at: $0.release - now, count: Int($0.count)) }
                releases.append((at: latency + limit.guardedWindow, count: underWay))
                let count = place == 0 ? ledger.conduct.heldTo(limit) : limit.count
                limits.append(Limit(count: Int(count), cycle: latency + limit.guardedWindow, releases: ReleaseQueue(releases)))
            }
            if let cap = rules.concurrency {
                limits.append(Limit(count: Int(cap), cycle: latency, releases: ReleaseQueue([(at: latency, count: underWay)])))
            }
            if ledger.pausedUntil > now { next = ledger.pausedUntil - now }
            settle()
        }

        /// The next slot is used.
        mutating func take() {
            for place in limits.indices { limits[place].releases.append(next + limits[place].cycle) }
            drained = max(drained, next + latency) + refill
            settle()
        }

        /// Finds when every rule has room again.
        private mutating func settle() {
            for place in limits.indices {
                let surplus = limits[place].releases.count - limits[place].count
                if surplus >= 0 { next = max(next, limits[place].releases.release(after: surplus)) }
            }
            if let burst { next = max(next, drained - (burst - 1) * refill) }
            for place in limits.indices { limits[place].releases.drop(through: next) }
        }
    }
}

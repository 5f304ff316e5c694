import SluiceCoordination

/// A mirror that counts: the judge of a run. It sees arrivals in true time and nothing else.
final class SimulatedMirror {
    let rules: MirrorRules
    var manner: MirrorManner
    var isDead = false
    /// Every arrival, in order.
    private(set) var arrivals: [Int64] = []
    /// When the slot of each was given.
    private var grants: [Int64] = []
    /// The most arrivals that one window of each limit has held.
    private(set) var worst: [Int64]
    /// The most that the mirror's own way of counting stood at when a request came, where it is another one.
    private(set) var worstByOwnCount = 0.0
    private var firstKept: [Int]
    private let upstream: Upstream
    private var counters: [(window: Int64, before: Int64, now: Int64)]
    private var drainedAt: Double = 0

    init(_ rules: MirrorRules, upstream: Upstream, manner: MirrorManner) {
        self.rules = rules
        self.upstream = upstream
        self.manner = manner
        worst = rules.limits.map { _ in 0 }
        firstKept = rules.limits.map { _ in 0 }
        counters = rules.limits.map { _ in (0, 0, 0) }
    }

    /// A limit that was exceeded, and the requests in its window, as places in the order of arrival.
    struct Breach {
        let limit: RateLimit
        let requests: Range<Int>
    }

    /// A request arrives, on a slot that was given at `grantedAt`; returns what it breaks.
    func arrive(at now: Int64, grantedAt: Int64) -> (what: String, breaches: [Breach])? {
        arrivals.append(now)
        grants.append(grantedAt)
        var broken: String?
        var breaches: [Breach] = []
        for (place, limit) in rules.limits.enumerated() {
            while arrivals[firstKept[place]] <= now - limit.window { firstKept[place] += 1 }
            let count = Int64(arrivals.count - firstKept[place])
            worst[place] = max(worst[place], count)
            guard count > limit.count else { continue }
            broken = "mirror \(rules.name) received \(count) requests within \(limit)"
            breaches.append(Breach(limit: limit, requests: firstKept[place]..<arrivals.count))
        }
        // What it counts in its own way is beside the limits; so it has no breaches.
        return broken.map { ($0, breaches) } ?? countItsOwnWay(now).map { ($0, []) }
    }

    /// When the slots of some requests were given.
    func grants(of requests: Range<Int>) -> ArraySlice<Int64> { grants[requests] }

    private func countItsOwnWay(_ now: Int64) -> String? {
        switch upstream {
        case .log: return nil
        case .slidingCounter:
            for (place, limit) in rules.limits.enumerated() {
                let window = now / limit.window
                if window != counters[place].window {
                    counters[place] = (window, window == counters[place].window + 1 ? counters[place].now : 0, 0)
                }
                let covered = 1 - Double(now % limit.window) / Double(limit.window)
                let weighed = Double(counters[place].before) * covered + Double(counters[place].now)
                worstByOwnCount = max(worstByOwnCount, weighed)
                // As Cloudflare and others do it: what is refused is not counted.
                guard weighed < Double(limit.count) else {
                    return "mirror \(rules.name) refused a request: its sliding-window counter stood at \(weighed) of \(limit)"
                }
                counters[place].now += 1
            }
            return nil
        case .bucket(let size):
            guard let limit = rules.limits.first else { return nil }
            let refill = Double(limit.window) / Double(limit.count)
            let held = max(0, drainedAt - Double(now)) / refill
            worstByOwnCount = max(worstByOwnCount, held)
            guard held + 1 <= Double(size) + 1e-6 else {
                return "mirror \(rules.name) refused a request: its bucket of \(size) was empty"
            }
            drainedAt = max(drainedAt, Double(now)) + refill
            return nil
        }
    }

    /// How fast requests came from `start` until `end`, as a share of the fastest that the limits allow, and how many those would
    /// have been.
    func pace(from start: Int64, until end: Int64) -> (share: Double, ideal: Double) {
        var ideal = IdealSchedule(rules)
        let received = arrivals.prefix { $0 <= end }
        for _ in received { ideal.advance() }
        // How late the last one came, and whether one more should have come since.
        let lag = received.last.map { Double(ideal.last + 1) / Double($0 - start + 1) } ?? 0
        let share = min(1, lag, Double(ideal.next) / Double(max(1, end - start)))
        while ideal.next <= end - start { ideal.advance() }
        return (share, Double(ideal.started))
    }
}

import SluiceCoordination

/// The fastest that a mirror's limits allow when answers take no time: every request starts as soon as each limit has room.
/// To start any one later never lets a later one start earlier, so no schedule starts more by any moment.
struct IdealSchedule {
    private let rules: MirrorRules
    private var starts: [Int64] = []
    private var drained: Int64 = 0
    /// When the next request may start, in microseconds after the first.
    private(set) var next: Int64 = 0

    var started: Int { starts.count }
    /// When the last one started.
    var last: Int64 { starts.last ?? 0 }

    init(_ rules: MirrorRules) { self.rules = rules }

    /// Starts the next request.
    mutating func advance() {
        starts.append(next)
        for limit in rules.limits where starts.count >= limit.count {
            next = max(next, starts[starts.count - Int(limit.count)] + limit.window)
        }
        if let burst = rules.burst, let refill = rules.refill {
            drained = max(drained, starts[starts.count - 1]) + refill
            next = max(next, drained - (burst - 1) * refill)
        }
    }
}

internal import SluiceLoop

/// What a mirror remembers of the requests it counted, besides the judge's verdicts. Bounded in memory.
struct MirrorTally: Sendable {
    /// One request of the log.
    struct Entry: Sendable {
        let milliseconds: Int64
        let method: String
        let target: String
        let status: Int
    }

    /// Distinct targets that are told apart; what comes after is counted as one more target each.
    static let targetCapacity = 200_000

    private let start: Instant
    private let logCapacity: Int
    private(set) var log: [Entry] = []
    private(set) var logDropped = 0
    /// How often each target was asked for. The method stands before it unless it is GET.
    private(set) var targets: [String: Int] = [:]
    private(set) var firstMilliseconds: Int64?
    private(set) var lastMilliseconds: Int64?
    private(set) var inFlight = 0
    private(set) var inFlightMax = 0
    /// Answers by status.
    private(set) var statuses: [Int: Int] = [:]

    /// - Parameter start: what all milliseconds are counted from.
    init(start: Instant, logCapacity: Int) {
        self.start = start
        self.logCapacity = max(1, logCapacity)
    }

    /// Notes a request that is counted, and the status that it gets.
    mutating func note(_ method: String, _ target: String, at arrival: Instant, status: Int) {
        let milliseconds = arrival.microseconds(since: start) / 1_000
        firstMilliseconds = firstMilliseconds ?? milliseconds
        lastMilliseconds = milliseconds
        statuses[status, default: 0] += 1
        let key = method == "GET" ? target : "\(method) \(target)"
        if targets.count < Self.targetCapacity || targets[key] != nil { targets[key, default: 0] += 1 }
        log.append(Entry(milliseconds: milliseconds, method: method, target: target, status: status))
        // In chunks, so that it costs little.
        if log.count > logCapacity + logCapacity / 4 {
            let surplus = log.count - logCapacity
            log.removeFirst(surplus)
            logDropped += surplus
        }
    }

    /// An answer is being made.
    mutating func begin() {
        inFlight += 1
        inFlightMax = max(inFlightMax, inFlight)
    }

    /// An answer was given.
    mutating func end() { inFlight -= 1 }
}

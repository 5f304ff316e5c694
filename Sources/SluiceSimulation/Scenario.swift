package import SluiceCoordination

/// What one run is about: who takes part, what is wanted, what goes wrong. All of it follows from a seed.
package struct Scenario: Sendable {
    package var seed: UInt64
    package var nodes = 3
    package var mirrors: [MirrorRules]
    /// How each mirror really counts; those that are not named count as their limits say.
    package var upstreams: [Upstream] = []
    /// How each mirror behaves from the start.
    package var manners: [MirrorManner] = []
    /// Callers on each node that want one slot after another.
    package var callers = 8
    /// How long a caller rests between two wants.
    package var rest: ClosedRange<Int64> = 0...0
    /// Between getting a slot and sending; the process may be stopped just there.
    package var pause: ClosedRange<Int64> = 0...2_000
    /// One way between a node and Redis.
    package var redisLatency: ClosedRange<Int64> = 50...500
    /// How long a pub/sub message takes on top; with a long tail.
    package var messageDelay: ClosedRange<Int64> = 0...0
    /// From a node to a mirror and back, half of it each way; a way takes no longer than `timeout` and 0.9 s.
    package var mirrorLatency: ClosedRange<Int64> = 1_000...50_000
    package var timeout: Int64 = 2_000_000
    /// What the process at each place has instead.
    package var timeouts: [Int64] = []
    package var deadline: ClosedRange<Int64> = 1_000_000...20_000_000
    /// How likely a pub/sub message is lost, is delivered twice, and is overtaken by later ones.
    package var messageLoss = 0.0
    package var messageRepeat = 0.0
    package var messageReorder = 0.0
    /// How likely the answer to a command is lost although it was carried out.
    package var replyLoss = 0.0
    /// How likely a connection to a mirror cannot be made.
    package var connectFailure = 0.0
    /// How likely a caller gives up before it has its slot.
    package var cancelling = 0.0
    /// How likely a request is cut off because its caller's time is up.
    package var hurry = 0.0
    /// How likely a caller keeps its slot for seconds, as `withSlot` allows.
    package var holding = 0.0
    /// Every host's clock, Redis' too, runs faster or slower by up to so many parts in a million.
    package var skew: Int64 = 100
    /// How far the hosts' clocks are apart, at the least and at the most. Nobody should ask them for the time of day.
    package var clocksApart: ClosedRange<Int64> = 1_000...10_000_000_000
    /// What some processes are configured with instead of `mirrors`, which are the laxest and what the mirrors bear: lower counts, or
    /// without the last of the mirrors.
    package var configurations: [[MirrorRules]] = []
    /// Which of them the process at each place has; those beyond, and nil: `mirrors`.
    package var configured: [Int?] = []
    /// So many keys are wanted, by so large a share of the calls; the others want slots.
    package var keys = 0
    package var keyed = 0.7
    /// For how long answers are fresh, in milliseconds. They have no stale life.
    package var freshness: ClosedRange<Int64> = 300...5_000
    /// How long a flight is its holder's if nothing is heard from him.
    package var flightLease: Int64 = 2_000_000
    /// When mirrors have something new for a key, and somebody purges the old.
    package var changes: [(at: Int64, key: Int)] = []
    package var faults: [(at: Int64, fault: Fault)] = []
    package var weaknesses: Set<Weakness> = []
    /// How long the run is, in true time.
    package var length: Int64 = 20_000_000
    /// From when on the slots of each place are counted.
    package var sharesFrom: Int64 = 0
    /// Whether more is wanted than allowed, all the time, and nothing goes wrong: then utilisation says something, and is judged.
    package var isSaturated = false
    /// No caller may wait for longer, where the load is so light that none needs to.
    package var longestWait = Int64.max

    package init(seed: UInt64, mirrors: [MirrorRules]) {
        self.seed = seed
        self.mirrors = mirrors
    }

    func timeout(of place: Int) -> Int64 { timeouts.indices.contains(place) ? timeouts[place] : timeout }

    func configuration(of place: Int) -> Int? { configured.indices.contains(place) ? configured[place] : nil }

    /// Requests a second that the limits allow for long.
    package var allowedRate: Double {
        mirrors.reduce(0) { sum, rules in sum + (rules.limits.map { Double($0.count) * 1e6 / Double($0.window) }.min() ?? 0) }
    }
}

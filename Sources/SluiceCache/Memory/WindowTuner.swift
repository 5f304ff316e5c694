/// Finds how large the window should be, by small shadow caches that each try one size on a sample of the keys.
///
/// Where recency counts a large window wins, where frequency does a small one, and loops want the smallest. Shadows measure all
/// sizes on the same requests at once, so that there is nothing to be climbed and no good hit rate is risked for a trial. The idea of
/// miniature simulations is that of Waldspurger, Saemundsson, Ahmad and Park (USENIX ATC 2017); that a window should be adapted,
/// of Einziger, Eytan, Friedman and Manes (“Adaptive software cache management”, Middleware 2018).
struct WindowTuner: Sendable {
    /// The sizes that are tried, as parts of the capacity.
    static let shares = [0.01, 0.06, 0.25, 0.9]
    /// The one to begin with: good on most traces.
    static let firstChoice = 1
    /// Bytes that all shadows take at most for each entry of the sample's limit: a node and two cells of the index in arrays that may be
    /// half empty, and the sketch's counters.
    static let bytesPerSample = shares.count * (2 * 32 + 4 * 8 + 32)

    /// How much better another size must do: 1 hit in 200 requests.
    private static let lead = 0.005
    /// How many requests the measured hit rates reach back, for each entry of a shadow.
    private static let memory = 8.0
    private static let decisionInterval = 64

    private let capacity: Int
    private let sampleLimit: Int
    private var shadows: [ShadowCache] = []
    private var hitRates: [Double] = []
    private var choice = firstChoice
    /// One in two to this power of the keys is in the sample.
    private var thinning = 0
    private var requests = 0

    /// - Parameters:
    ///   - capacity: of the cache.
    ///   - sampleLimit: how many of the cache's entries a shadow mirrors at most; 0: nothing is tried.
    init(capacity: Int, sampleLimit: Int) {
        self.capacity = capacity
        self.sampleLimit = sampleLimit
        begin()
    }

    /// The best size as far as is known, as a part of the capacity.
    var share: Double { Self.shares[choice] }

    /// Whether requests for a key are to be given to ``request(_:weight:)``.
    @inline(__always) func samples(_ hash: UInt64) -> Bool {
        sampleLimit > 0 && (hash &* 0x9E37_79B9_7F4A_7C15) >> 40 & (1 << UInt64(thinning) - 1) == 0
    }

    /// A request for a key of the sample; whether ``share`` has changed.
    mutating func request(_ hash: UInt64, weight: Int) -> Bool {
        let span = Self.memory * Double(sampleLimit)
        for index in shadows.indices {
            let isHit = shadows[index].request(hash, weight: weight)
            hitRates[index] += ((isHit ? 1 : 0) - hitRates[index]) / span
        }
        requests += 1
        guard requests % Self.decisionInterval == 0, requests > sampleLimit else { return false }
        let best = hitRates.indices.max { hitRates[$0] < hitRates[$1] } ?? choice
        guard hitRates[best] > hitRates[choice] + Self.lead else { return false }
        choice = best
        return true
    }

    /// The cache has so many entries now: the sample is made smaller when it has become too large.
    mutating func adapt(toCount count: Int) {
        guard sampleLimit > 0 else { return }
        if count >> thinning > sampleLimit {
            thinning += 1
            for index in shadows.indices { shadows[index].thin(toCapacity: shadowCapacity, keeping: samples) }
        } else if thinning > 0, (count * 8) >> thinning < sampleLimit {
            // Keys that were not in the sample are not known: the trial starts anew.
            thinning -= 1
            begin()
        }
    }

    private var shadowCapacity: Int { max(1, capacity >> thinning) }

    private mutating func begin() {
        guard sampleLimit > 0 else { return }
        shadows = Self.shares.map { ShadowCache(capacity: shadowCapacity, windowShare: $0, entryLimit: sampleLimit * 5 / 4) }
        hitRates = .init(repeating: 0, count: Self.shares.count)
        requests = 0
    }
}

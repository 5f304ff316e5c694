import SluiceRandom
import Testing

@testable import SluiceCache

/// The policy's hit rate on small traces that show the three shapes: a loop, a scan, and popularity that falls with the rank.
@Suite(.timeLimit(.minutes(10)))
struct MemoryHitRateTests {
    enum Shape: CaseIterable, Sendable { case loop, zipf, zipfWithScans, recent, changing, allInTurn }

    static let size = 500

    /// Keys in the order of their requests.
    static func trace(_ shape: Shape) -> [Int] {
        var generator = SeededGenerator(seed: 4)
        switch shape {
        case .loop: return (0..<30_000).map { $0 % 1_000 }
        case .zipf: return zipf(30_000, &generator)
        case .zipfWithScans:
            return zipf(30_000, &generator).enumerated().flatMap { number, key in
                // Every 3000 requests, 1500 keys that are asked for once.
                [key] + (number % 3_000 == 0 ? Array((0..<1_500).map { 1_000_000 + number + $0 }) : [])
            }
        case .recent:
            // A new key at each step, asked for again soon after.
            return (0..<15_000).flatMap { step in [step, max(0, step - Int.random(in: 1..<250, using: &generator))] }
        case .changing:
            return (0..<6).flatMap { phase in zipf(5_000, &generator).map { $0 + phase * 100_000 } }
        case .allInTurn:
            return trace(.loop) + trace(.zipfWithScans) + trace(.recent)
        }
    }

    private static func zipf(_ count: Int, _ generator: inout SeededGenerator) -> [Int] {
        // Densities of 1 / rank: the exponential of an even number.
        (0..<count).map { _ in
            var rank = 1.0
            for _ in 0..<Int.random(in: 0..<13, using: &generator) { rank *= 2 }
            return Int(rank * Double.random(in: 1..<2, using: &generator))
        }
    }

    static func ours(_ trace: [Int], shards: Int = 1) -> Double {
        var replay = TraceReplay(size: size, shards: shards)
        let hits = trace.reduce(0) { $0 + (replay.request(TraceReplay.hash(of: "\($1)".utf8)) ? 1 : 0) }
        return 100 * Double(hits) / Double(trace.count)
    }

    static func leastRecentlyUsed(_ trace: [Int]) -> Double { 100 * Double(RivalPolicies.lru(trace, size)) / Double(trace.count) }

    @Test(arguments: Shape.allCases)
    func `the policy is never more than a point below least recently used`(shape: Shape) {
        let trace = Self.trace(shape)
        #expect(Self.ours(trace) >= Self.leastRecentlyUsed(trace) - 1)
    }

    @Test(arguments: Shape.allCases)
    func `the policy is never more than three points below the best of LRU, SIEVE, S3-FIFO and ARC`(shape: Shape) {
        let trace = Self.trace(shape)
        let rivals = RivalPolicies.all.map { ($0.name, 100 * Double($0.hits(trace, Self.size)) / Double(trace.count)) }
        let ours = Self.ours(trace)
        print("hit rates, \(shape): ours \(ours),", rivals.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
        #expect(rivals.allSatisfy { ours >= $0.1 - 3 }, "\(rivals)")
    }

    @Test func `a loop that is longer than the cache does not empty it`() {
        let trace = Self.trace(.loop)
        #expect(Self.leastRecentlyUsed(trace) == 0)
        #expect(Self.ours(trace) > 40, "half of the loop fits")
    }

    @Test func `scans and a fixed popularity are better than least recently used by points`() {
        for shape in [Shape.zipf, .zipfWithScans] {
            let trace = Self.trace(shape)
            #expect(Self.ours(trace) > Self.leastRecentlyUsed(trace) + 3)
        }
    }

    @Test(arguments: [(1, 1), (16, 2), (64, 8), (128, 8), (512, 8), (1_024, 16), (8_192, 16)])
    func `shards become more with the bytes, and beyond eight only where each holds many entries`(mebibytes: Int, shards: Int) {
        #expect(MemoryTier(byteLimit: mebibytes << 20, era: TrustEra(isTracked: false)).shardCount == shards)
    }

    @Test func `a loop over as many shards as a small tier has stays within three points of one shard`() {
        let trace = Self.trace(.loop)
        #expect(Self.ours(trace, shards: 8) > Self.ours(trace) - 3)
    }

    @Test(arguments: [2, 4, 16])
    func `shards cost little`(shards: Int) {
        let trace = Self.trace(.zipfWithScans)
        #expect(Self.ours(trace, shards: shards) > Self.ours(trace) - 3)
    }
}

import Sluice
import SluiceCache
import SluiceLoop
import Synchronization

/// `sluice bench memory`: what a hit in the memory tier costs, beside a `Dictionary` behind one lock in the same run.
///
/// The contestants take turns in each round, so that a busy host slows all of them; the median of the rounds is what counts.
struct MemoryBench: Sendable {
    /// How many keys there are; all are held.
    static let keyCount = 100_000
    private static let requestCount = 1 << 20

    /// How many rounds are measured, after one that is not.
    var rounds: Int
    /// Whether to print JSON.
    var isJSON: Bool

    /// What was measured of one contestant with one number of threads.
    private struct Series: Sendable {
        var name: String
        var label: String
        var threads: Int
        /// Nanoseconds from one hit to the next of a thread, for each round.
        var nanoseconds: [Double] = []

        var median: Double { nanoseconds.sorted()[nanoseconds.count / 2] }
        /// Hits a second of all threads together, in millions.
        var throughput: Double { Double(threads) * 1_000 / median }
    }

    /// A dictionary behind one lock; a class, since a lock cannot move.
    private final class Locked<Key: Hashable & Sendable>: Sendable {
        let entries: Mutex<[Key: MemoryEntry]>
        init(_ entries: [Key: MemoryEntry]) { self.entries = Mutex(entries) }
    }

    /// Measures; the report.
    func report() async throws -> String {
        let keys = try (0..<Self.keyCount).map { try CacheKey(target: "/posts/\($0)") }
        let now = Instant.now
        let tier = MemoryTier(byteLimit: 1 << 28, era: TrustEra(isTracked: false))
        var entries: [CacheKey: MemoryEntry] = [:]
        for (number, key) in keys.enumerated() {
            let record = CacheRecord(
                version: "\(number)", status: 200, mirror: "m", headers: [], body: .init(repeating: 7, count: 100),
                storedAt: 0, freshUntil: 3_600_000, refreshUntil: 3_600_000, staleUntil: 3_600_000)
            let entry = MemoryEntry(record, serverTime: 0, anchor: now, era: 1)
            tier.install(entry, for: key)
            entries[key] = entry
        }
        let texts = keys.map(\.text)
        let byKey = Locked(entries)
        let byText = Locked([String: MemoryEntry](uniqueKeysWithValues: entries.map { ($0.key.text, $0.value) }))
        let contestants: [(name: String, label: String, hit: @Sendable (Int) -> Bool)] = [
            ("sluice", "sluice", { tier.hit(keys[$0], now: now) != nil }),
            ("dictionary", "Dictionary and Mutex", { number in byText.entries.withLock { $0[texts[number]] } != nil }),
            ("dictionary_hashed", "the same, keys hashed before", { number in byKey.entries.withLock { $0[keys[number]] } != nil }),
        ]
        let requests = [UInt64(1), 2].map { ZipfRequests.numbers(Self.requestCount, keys: Self.keyCount, seed: $0) }
        var series = [1, 2].flatMap { threads in contestants.map { Series(name: $0.name, label: $0.label, threads: threads) } }
        for round in 0...rounds {
            for index in series.indices {
                let hit = contestants[index % contestants.count].hit
                let time = try await Self.time(hit, Array(requests.prefix(series[index].threads)))
                // The first one warms up: caches of the processor, and the tier's counters.
                if round > 0 { series[index].nanoseconds.append(time) }
            }
        }
        return isJSON ? Self.json(series) : Self.table(series)
    }

    /// Nanoseconds for each hit of a thread; one thread for each list of requests, all at once.
    private static func time(_ hit: @escaping @Sendable (Int) -> Bool, _ requests: [[Int32]]) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let misses = await withTaskGroup(of: Int.self) { group in
            for list in requests {
                group.addTask {
                    var misses = 0
                    for number in list where !hit(Int(number)) { misses += 1 }
                    return misses
                }
            }
            return await group.reduce(0, +)
        }
        let span = clock.now - start
        guard misses == 0 else {
            throw BenchError("\(misses) requests found nothing, where all entries should be held; report this as a bug")
        }
        return (Double(span.components.seconds) * 1e9 + Double(span.components.attoseconds) / 1e9) / Double(requests[0].count)
    }

    private static func table(_ series: [Series]) -> String {
        var table = TextTable([
            ("what", .left), ("threads", .right), ("ns per hit", .right), ("least", .right), ("most", .right), ("Mops/s", .right),
        ])
        for one in series {
            table.add([
                one.label, "\(one.threads)", BenchText.decimal(one.median, 1), BenchText.decimal(one.nanoseconds.min() ?? 0, 1),
                BenchText.decimal(one.nanoseconds.max() ?? 0, 1), BenchText.decimal(one.throughput, 1),
            ])
        }
        return table.lines.joined(separator: "\n")
    }

    private static func json(_ series: [Series]) -> String {
        let rows = series.map { one in
            "{\"what\":\"\(one.name)\",\"threads\":\(one.threads),\"ns_per_hit\":\(BenchText.decimal(one.median, 1)),"
                + "\"least\":\(BenchText.decimal(one.nanoseconds.min() ?? 0, 1)),\"most\":\(BenchText.decimal(one.nanoseconds.max() ?? 0, 1)),"
                + "\"mops\":\(BenchText.decimal(one.throughput, 2))}"
        }
        return "[\(rows.joined(separator: ","))]"
    }
}

/// A benchmark that could not measure what it is meant to.
struct BenchError: Error, Sendable, CustomStringConvertible {
    /// What happened.
    let description: String

    init(_ sentence: String) { description = sentence }
}

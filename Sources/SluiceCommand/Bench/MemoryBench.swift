import Glibc
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
    private static let requestCount = 1 << 18

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
        /// The processor's nanoseconds for each hit, which a busy host disturbs less.
        var processor: [Double] = []

        var median: Double { nanoseconds.sorted()[nanoseconds.count / 2] }
        var processorMedian: Double { processor.sorted()[processor.count / 2] }
        /// Hits a second of all threads together, in millions.
        var throughput: Double { Double(threads) * 1_000 / median }
    }

    /// What one thread asks for. The keys are its own, so that threads do not share the counts of references to them.
    private struct Load: Sendable {
        var numbers: [Int32]
        var keys: [CacheKey]
        var texts: [String]

        init(thread: Int) throws {
            numbers = ZipfRequests.numbers(MemoryBench.requestCount, keys: MemoryBench.keyCount, seed: UInt64(thread + 1))
            keys = try (0..<MemoryBench.keyCount).map { try CacheKey(target: "/posts/\($0)") }
            texts = keys.map(\.text)
        }
    }

    /// Asks for all of a load; how many requests found nothing.
    private typealias Contestant = @Sendable (Load) -> Int

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
        let byKey = Locked(entries)
        let byText = Locked([String: MemoryEntry](uniqueKeysWithValues: entries.map { ($0.key.text, $0.value) }))
        let contestants: [(name: String, label: String, run: Contestant)] = [
            ("sluice", "sluice", { load in load.numbers.reduce(0) { $0 + (tier.hit(load.keys[Int($1)], now: now) == nil ? 1 : 0) } }),
            (
                "dictionary", "Dictionary and Mutex",
                { load in
                    load.numbers.reduce(0) { misses, number in
                        let entry = byText.entries.withLock { $0[load.texts[Int(number)]] }
                        return misses + (entry == nil ? 1 : 0)
                    }
                }
            ),
            (
                "dictionary_hashed", "the same, keys hashed before",
                { load in
                    load.numbers.reduce(0) { misses, number in
                        let entry = byKey.entries.withLock { $0[load.keys[Int(number)]] }
                        return misses + (entry == nil ? 1 : 0)
                    }
                }
            ),
        ]
        let loads = try (0..<2).map { try Load(thread: $0) }
        var series = [1, 2].flatMap { threads in contestants.map { Series(name: $0.name, label: $0.label, threads: threads) } }
        for round in 0...rounds {
            for index in series.indices {
                let run = contestants[index % contestants.count].run
                let (time, processor) = try await Self.time(run, Array(loads.prefix(series[index].threads)))
                // The first one warms up: caches of the processor, and the tier's counters.
                guard round > 0 else { continue }
                series[index].nanoseconds.append(time)
                series[index].processor.append(processor)
            }
        }
        return isJSON ? Self.json(series) : Self.table(series)
    }

    /// Nanoseconds for each hit of a thread, on the clock and of the processor; one thread for each load, all at once.
    private static func time(_ run: @escaping Contestant, _ loads: [Load]) async throws -> (clock: Double, processor: Double) {
        let clock = ContinuousClock()
        let start = clock.now
        let begin = Glibc.clock()
        let misses = await withTaskGroup(of: Int.self) { group in
            for load in loads { group.addTask { run(load) } }
            return await group.reduce(0, +)
        }
        // Microseconds of all threads of this process, of which the others sleep.
        let processor = Double(Glibc.clock() - begin) * 1_000
        let span = clock.now - start
        guard misses == 0 else {
            throw BenchError("\(misses) requests found nothing, where all entries should be held; report this as a bug")
        }
        let nanoseconds = Double(span.components.seconds) * 1e9 + Double(span.components.attoseconds) / 1e9
        return (nanoseconds / Double(requestCount), processor / Double(requestCount * loads.count))
    }

    private static func table(_ series: [Series]) -> String {
        var table = TextTable([
            ("what", .left), ("threads", .right), ("ns per hit", .right), ("least", .right), ("most", .right), ("CPU ns", .right),
            ("Mops/s", .right),
        ])
        for one in series {
            table.add([
                one.label, "\(one.threads)", BenchText.decimal(one.median, 1), BenchText.decimal(one.nanoseconds.min() ?? 0, 1),
                BenchText.decimal(one.nanoseconds.max() ?? 0, 1), BenchText.decimal(one.processorMedian, 1),
                BenchText.decimal(one.throughput, 1),
            ])
        }
        return table.lines.joined(separator: "\n")
    }

    private static func json(_ series: [Series]) -> String {
        let rows = series.map { one in
            "{\"what\":\"\(one.name)\",\"threads\":\(one.threads),\"ns_per_hit\":\(BenchText.decimal(one.median, 1)),"
                + "\"least\":\(BenchText.decimal(one.nanoseconds.min() ?? 0, 1)),\"most\":\(BenchText.decimal(one.nanoseconds.max() ?? 0, 1)),"
                + "\"cpu_ns_per_hit\":\(BenchText.decimal(one.processorMedian, 1)),\"mops\":\(BenchText.decimal(one.throughput, 2))}"
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

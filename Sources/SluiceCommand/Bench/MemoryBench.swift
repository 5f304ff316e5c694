import Glibc
import Sluice
import SluiceCache
import SluiceLoop
import Synchronization

/// `sluice bench memory`: what a hit in the memory tier costs, beside a `Dictionary` behind one lock in the same run.
struct MemoryBench: Sendable {
    /// How many keys there are; all are held.
    static let keyCount = 100_000
    /// How many requests each thread makes in a pass for each second of the span.
    private static let requestsPerSecond = 1 << 18
    /// In the mixed load every tenth request puts an entry in place of another.
    private static let writeEvery = 10

    var settings: BenchSettings

    private var requestCount: Int { max(1_000, Int(Double(Self.requestsPerSecond) * settings.seconds)) }

    /// What one thread asks for. The keys are its own, so that threads do not share the counts of references to them.
    private struct Load: Sendable {
        var numbers: [Int32]
        var paths: [String]
        var keys: [CacheKey]

        init(thread: Int, requests: Int) throws {
            numbers = ZipfRequests.numbers(requests, keys: MemoryBench.keyCount, seed: UInt64(thread + 1))
            paths = (0..<MemoryBench.keyCount).map { "/api/v1/posts/\($0)" }
            keys = try paths.map { try CacheKey(target: $0) }
        }
    }

    /// Asks for all of a load; how many requests found nothing.
    private typealias Pass = @Sendable (Load) -> Int

    /// A dictionary behind one lock; a class, since a lock cannot move.
    private final class Locked<Key: Hashable & Sendable>: Sendable {
        let records: Mutex<[Key: CacheRecord]>
        init(_ records: [Key: CacheRecord]) { self.records = Mutex(records) }
    }

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        let loads = try (0..<2).map { try Load(thread: $0, requests: requestCount) }
        let passes = try passes()
        let contestants = [1, 2].flatMap { threads in
            passes.map { name, pass in
                Contestant(name: name) {
                    let (time, processor) = try await Self.time(pass, Array(loads.prefix(threads)))
                    return [
                        "\(name)_\(threads)": time, "\(name)_\(threads)_cpu": processor,
                        "\(name)_\(threads)_mops": Double(threads) * 1_000 / time,
                    ]
                }
            }
        }
        let samples = try await Contestant.takeTurns(contestants, rounds: settings.rounds, progress: progress)
        host.end()
        return BenchReport(
            subject: "memory", title: "Memory tier: hits among 100,000 keys of falling popularity", rounds: settings.rounds, host: host,
            panels: panels(), samples: samples,
            notes: [
                "A hit starts from the path's text: both hash it, and Sluice looks at the clock. With keys hashed before, neither does; nor does "
                    + "Sluice when it writes. The dictionary knows neither expiry nor eviction. CPU time is what a busy host disturbs least."
            ])
    }

    /// Each rival's name and what it does.
    private func passes() throws -> [(String, Pass)] {
        let keys = try (0..<Self.keyCount).map { try CacheKey(target: "/api/v1/posts/\($0)") }
        let now = Instant.now
        let tier = MemoryTier(byteLimit: 1 << 28, era: TrustEra(isTracked: false))
        var records: [CacheKey: CacheRecord] = [:]
        for (number, key) in keys.enumerated() {
            let record = CacheRecord(
                version: "\(number)", status: 200, mirror: "m", headers: [], body: .init(repeating: 7, count: 100),
                storedAt: 0, freshUntil: 3_600_000, refreshUntil: 3_600_000, staleUntil: 3_600_000)
            tier.install(MemoryEntry(record, serverTime: 0, anchor: now, era: 1), for: key)
            records[key] = record
        }
        let byKey = Locked(records)
        let byPath = Locked([String: CacheRecord](uniqueKeysWithValues: records.map { ($0.key.target, $0.value) }))
        let spare = records[keys[0]]!
        let spareEntry = MemoryEntry(spare, serverTime: 0, anchor: now, era: 1)
        return [
            ("sluice", { load in load.numbers.reduce(0) { $0 + (Self.hit(load.paths[Int($1)], tier) == nil ? 1 : 0) } }),
            ("sluice_hashed", { load in load.numbers.reduce(0) { $0 + (tier.hit(load.keys[Int($1)], now: now) == nil ? 1 : 0) } }),
            (
                "dictionary",
                { load in
                    load.numbers.reduce(0) { misses, number in
                        let record = byPath.records.withLock { $0[load.paths[Int(number)]] }
                        return misses + (record == nil ? 1 : 0)
                    }
                }
            ),
            (
                "hashed",
                { load in
                    load.numbers.reduce(0) { misses, number in
                        let record = byKey.records.withLock { $0[load.keys[Int(number)]] }
                        return misses + (record == nil ? 1 : 0)
                    }
                }
            ),
            (
                "sluice_mixed",
                { load in
                    var misses = 0
                    for (index, number) in load.numbers.enumerated() {
                        if index % Self.writeEvery == 0 {
                            tier.install(spareEntry, for: load.keys[Int(number)])
                        } else if Self.hit(load.paths[Int(number)], tier) == nil {
                            misses += 1
                        }
                    }
                    return misses
                }
            ),
            (
                "dictionary_mixed",
                { load in
                    var misses = 0
                    for (index, number) in load.numbers.enumerated() {
                        let path = load.paths[Int(number)]
                        if index % Self.writeEvery == 0 {
                            byPath.records.withLock { $0[path] = spare }
                        } else if byPath.records.withLock({ $0[path] }) == nil {
                            misses += 1
                        }
                    }
                    return misses
                }
            ),
        ]
    }

    /// What a call for a path does until it has found its answer: it looks at the clock, and finds it.
    private static func hit(_ path: String, _ tier: MemoryTier) -> MemoryHit? { tier.hit(target: path, now: .now) }

    /// Nanoseconds for each request of a thread, on the clock and of the processor; one thread for each load, all at once.
    private static func time(_ pass: @escaping Pass, _ loads: [Load]) async throws -> (clock: Double, processor: Double) {
        let start = ContinuousClock.now
        let begin = ProcessorTime.own
        let misses = await withTaskGroup(of: Int.self) { group in
            for load in loads { group.addTask { pass(load) } }
            return await group.reduce(0, +)
        }
        // Of all threads of this process, of which the others sleep.
        let processor = (ProcessorTime.own - begin) * 1e9
        let span = ContinuousClock.now - start
        guard misses == 0 else {
            throw BenchError("\(misses) requests found nothing, where all entries should be held; report this as a bug")
        }
        return (Double(span.nanoseconds) / Double(loads[0].numbers.count), processor / Double(loads[0].numbers.count * loads.count))
    }

    private func panels() -> [BenchPanel] {
        func rows(_ suffix: String, _ threads: Int, mixed: BenchFigure.Target? = nil, hits: BenchFigure.Target? = nil) -> [BenchFigure] {
            func key(_ name: String) -> String { "\(name)_\(threads)\(suffix)" }
            return [
                BenchFigure(key: key("dictionary"), label: "Dictionary behind a Mutex", isYardstick: true),
                BenchFigure(key: key("sluice"), label: "sluice", against: key("dictionary"), target: hits),
                BenchFigure(key: key("hashed"), label: "Dictionary, keys hashed before", isYardstick: true),
                BenchFigure(key: key("sluice_hashed"), label: "sluice, keys hashed before", against: key("hashed")),
                BenchFigure(key: key("dictionary_mixed"), label: "Dictionary, 10 % writes", isYardstick: true),
                BenchFigure(key: key("sluice_mixed"), label: "sluice, 10 % writes", against: key("dictionary_mixed"), target: mixed),
            ]
        }
        return [
            BenchPanel(title: "1 thread", unit: "ns per request", lessIsBetter: true, places: 1, figures: rows("", 1, hits: .atMost(1.5))),
            BenchPanel(title: "2 threads, together", unit: "Mops/s", places: 2, figures: rows("_mops", 2, hits: .atLeast(1.4))),
            BenchPanel(
                title: "2 threads beside 1", unit: "Mops/s", places: 2,
                figures: [
                    BenchFigure(key: "sluice_1_mops", label: "sluice, 1 thread", isYardstick: true),
                    BenchFigure(key: "sluice_2_mops", label: "sluice, 2 threads", against: "sluice_1_mops", target: .atLeast(1.6)),
                ]),
            BenchPanel(title: "Processor time, 1 thread", unit: "ns per request", lessIsBetter: true, places: 1, figures: rows("_cpu", 1)),
            BenchPanel(title: "Processor time, 2 threads", unit: "ns per request", lessIsBetter: true, places: 1, figures: rows("_cpu", 2)),
        ]
    }
}

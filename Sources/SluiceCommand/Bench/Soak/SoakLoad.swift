import Sluice
import SluiceLoop
import Synchronization

/// One process of a soak: callers who use everything that a pool has, without a pause, until told to stop.
enum SoakLoad {
    /// How many different answers are asked for: more than memory holds, fewer than would fill Redis.
    private static let paths = 4_000
    /// So few of them are purged: Redis remembers the last purge of each, in a bounded log, and knows all of these when the warm-up is over.
    private static let purged = 100
    private static let callers = 16

    /// What is known of the calls so far.
    private final class Tally: Sendable {
        let answered = Atomic(0)
        let failed = Atomic(0)
    }

    /// Works until a signal asks for an end, and tells on standard output what came of it.
    static func run(_ options: BenchWorkerOptions, until signals: AsyncStream<Int32>) async throws {
        let pool = try await MirrorPool(try configuration(options))
        DemoText.write("ready\n", to: 1)
        let tally = Tally()
        let work = Task {
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<callers { group.addTask { await call(pool, as: caller, tally) } }
            }
        }
        for await _ in signals { break }
        work.cancel()
        await work.value
        await pool.shutDown(grace: .seconds(1))
        DemoText.write("soak \(tally.answered.load(ordering: .relaxed)) \(tally.failed.load(ordering: .relaxed))\n", to: 1)
    }

    /// Answers that are needed again soon and a small memory, so that nothing stays where it is.
    private static func configuration(_ options: BenchWorkerOptions) throws(BenchError) -> PoolConfiguration {
        guard let limit = options.limit.split(separator: "/").first.flatMap({ Int($0) }) else {
            throw BenchError("“\(options.limit)” is no limit of so many a second")
        }
        var configuration = PoolConfiguration(
            mirrors: options.mirrors.enumerated().map { index, url in
                MirrorConfiguration(url: url, name: DemoText.mirrorName(index), limits: [.init(limit, per: .seconds(1))])
            })
        configuration.pool = "bench"
        configuration.redis = options.redis
        configuration.timeout = .seconds(2)
        configuration.deadline = .seconds(30)
        configuration.cache.fresh = .seconds(2)
        configuration.cache.stale = .seconds(4)
        configuration.cache.memory = 1 << 20
        configuration.log = { DemoText.say("\(BenchWorker.name): \($0)") }
        return configuration
    }

    /// Nine calls of ten want an answer; the others take a slot or a lock, or forget something.
    private static func call(_ pool: MirrorPool, as caller: Int, _ tally: Tally) async {
        while !Task.isCancelled {
            do {
                switch Int.random(in: 0..<100) {
                case 0..<4: try await pool.withSlot { mirror in _ = mirror.url }
                case 4..<7: try await pool.lock("soak-\(caller % 4)").withLock { _ in }
                case 7..<10: try await pool.purge("/posts/\(Int.random(in: 1...purged))")
                default:
                    let answer = try await pool.get("/posts/\(Int.random(in: 1...paths))")
                    guard answer.status == 200 else { throw BenchError("a mirror answered \(answer.status)") }
                }
                tally.answered.add(1, ordering: .relaxed)
            } catch {
                // What the end itself cut off has not failed.
                guard !Task.isCancelled else { return }
                tally.failed.add(1, ordering: .relaxed)
                DemoText.say("\(BenchWorker.name): \(error)")
            }
        }
    }
}

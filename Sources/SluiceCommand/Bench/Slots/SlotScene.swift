import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis

/// A Redis of its own and some processes that take slots of one pool there.
final class SlotScene: Sendable {
    /// What a round came to, seen from both sides.
    struct Round: Sendable {
        var tally: BenchTally
        /// Commands that Redis carried out, those inside scripts included.
        var commands: Int
        /// Seconds of a processor that Redis used.
        var redisSeconds: Double

        var slotsPerSecond: Double { Double(tally.slots) / tally.seconds }
        var commandsPerSlot: Double { Double(commands) / Double(max(1, tally.slots)) }
        /// Microseconds of Redis's processor.
        var redisPerSlot: Double { redisSeconds / Double(max(1, tally.slots)) * 1e6 }
    }

    private let server: RedisServer
    private let crew: BenchCrew
    private let loop: EventLoop
    private let client: RedisClient
    private let leaderKey = PoolKeys(pool: "bench").leader

    /// Starts all of it, lets it work for a while, measures one round, and ends it.
    /// - Parameters:
    ///   - workers: one for each process; where Redis is is added.
    ///   - choose: which of them do the round, given the leader's place among them; nil: all.
    static func measure(
        program: String, _ workers: [BenchWorkerOptions], choose: (@Sendable (_ leader: Int?) -> [Int])? = nil
    ) async throws -> Round {
        let scene = try await SlotScene(program: program, workers)
        do {
            let chosen = try await choose?(scene.leader())
            // Its first demands find connections, scripts and an elected leader.
            _ = try await scene.round(chosen)
            let round = try await scene.round(chosen)
            await scene.close()
            return round
        } catch {
            await scene.close()
            throw error
        }
    }

    private init(program: String, _ workers: [BenchWorkerOptions]) async throws {
        server = try await RedisServer()
        loop = EventLoop(name: "scene")
        do {
            client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop)
            await client.start()
            let url = server.url
            crew = try await BenchCrew(
                program: program,
                workers.map { worker in
                    var worker = worker
                    worker.redis = url
                    return worker
                })
        } catch {
            await loop.shutDown()
            await server.stop()
            throw error
        }
    }

    private func round(_ chosen: [Int]?) async throws -> Round {
        guard let process = server.processIdentifier else { throw BenchError("Redis has ended; run the benchmark again") }
        let (commands, time) = (try await commandCount(), try ProcessorTime.of(process))
        let tally = try await crew.round(of: chosen)
        let used = try ProcessorTime.of(process) - time
        return Round(tally: tally, commands: try await commandCount() - commands, redisSeconds: used)
    }

    /// All calls of all commands so far; a command inside a script counts as well.
    private func commandCount() async throws -> Int {
        let text = try await client.command("INFO", "commandstats").string ?? ""
        return text.matches(of: /calls=(\d+)/).reduce(0) { $0 + (Int($1.1) ?? 0) }
    }

    /// The leader's place among the processes; nil when none of them leads.
    private func leader() async throws -> Int? {
        guard let name = try await client.command("GET", leaderKey).string, let id = NodeID(text: name) else { return nil }
        let parts = id.text.split(separator: ":")
        return parts.count > 1 ? crew.processes.firstIndex { "\($0)" == parts[1] } : nil
    }

    private func close() async {
        await crew.stop()
        await client.shutDown()
        await loop.shutDown()
        await server.stop()
    }
}

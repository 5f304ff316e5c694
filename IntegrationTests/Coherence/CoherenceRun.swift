import Foundation
import SluiceHarness
import SluiceLoop
import SluiceRandom
import Testing

/// Some processes that read and purge at random at one Redis, somebody who interferes, and what came of it.
struct CoherenceRun {
    let seed: UInt64
    var processes = 6
    var keys = 12
    var span = Duration.seconds(12)
    /// A defence that the workers go without.
    var fault = "none"
    /// What happens to them: each as often as it stands here.
    var kinds: [Interference] =
        [.delete, .delete, .delete, .expire, .expire, .expire, .flushDatabase, .flushAll]
        + [.killSubscribers, .killSubscribers, .killConnections, .killWorker, .killWorker, .freezeWorker, .freezeWorker, .freezeRedis]

    struct Outcome {
        var reads: [ReadRecord] = []
        var failed = 0
        var purged = 0
        var interferences: [String: Int] = [:]
        var refreshes = 0
        var requests = 0
        var confirmed = 0
        var complaints: [String] = []
    }

    init(seed: UInt64) { self.seed = seed }

    func play() async throws -> Outcome {
        let redis = try await RedisServer()
        let origin = ChangingOrigin(seed: seed)
        try await origin.start()
        var outcome = Outcome()
        var workers: [ChildProcess] = []
        var failure: (any Error)?
        do {
            let until = Instant.now.advanced(by: span + .seconds(2))
            for number in 0..<processes { workers.append(try hire(redis, origin, number: number, until: until)) }
            for worker in workers { try await worker.waitForOutput(containing: "ready") }
            try await interfere(redis, origin, &workers, until: until.advanced(by: .seconds(-2)), &outcome)
            for worker in workers where worker.ending != .signalled(SIGKILL) {
                let ending = await worker.wait()
                #expect(ending == .exited(0), "\(worker.standardError)")
            }
        } catch { failure = error }
        for worker in workers {
            await worker.kill()
            note(worker.standardOutput, &outcome)
        }
        (outcome.requests, outcome.confirmed) = origin.counts
        await origin.shutDown()
        await redis.stop()
        if let failure { throw failure }
        return outcome
    }

    private func hire(_ redis: RedisServer, _ origin: ChangingOrigin, number: Int, until: Instant) throws -> ChildProcess {
        let directory = (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") as NSString).deletingLastPathComponent
        return try ChildProcess(
            directory + "/SluiceCacheWorker",
            [
                "--redis", redis.url, "--origin", origin.url, "--keys", "\(keys)", "--seed", "\(seed &* 100 &+ UInt64(number))",
                "--until", "\(until.microseconds)", "--fault", fault,
            ])
    }

    private func note(_ output: String, _ outcome: inout Outcome) {
        for line in output.split(separator: "\n") {
            if let read = ReadRecord(line) {
                outcome.reads.append(read)
                if let complaint = read.complaint { outcome.complaints.append("\(complaint): \(line)") }
            } else if line.hasPrefix("failed") {
                outcome.failed += 1
            } else if line.hasPrefix("purged") {
                outcome.purged += 1
            } else if line.hasPrefix("statistics refreshes"), let count = Int(line.split(separator: " ")[2]) {
                outcome.refreshes += count
            } else if line.hasPrefix("error") {
                outcome.complaints.append(String(line))
            }
        }
    }

    // MARK: Interfering

    /// What `redis-cli`, or fate, does.
    enum Interference: CaseIterable {
        case delete, expire, flushDatabase, flushAll, killSubscribers, killConnections, killWorker, freezeWorker, freezeRedis
        /// A key is deleted in the same moment in which everybody loses the connection that would say so.
        case deleteUnheard
    }

    private func interfere(
        _ redis: RedisServer, _ origin: ChangingOrigin, _ workers: inout [ChildProcess], until: Instant, _ outcome: inout Outcome
    ) async throws {
        var random = SeededGenerator(seed: seed)
        while Instant.now < until {
            let kind = kinds.randomElement(using: &random)!
            let path = "/\(Bool.random(using: &random) ? "a" : "b")/"
            let folder = (0..<keys).filter { ($0 % 2 == 0) == (path == "/a/") }
            let chosen = path + "\(folder.randomElement(using: &random)!)"
            outcome.interferences["\(kind)", default: 0] += 1
            switch kind {
            case .delete: try await forget(["DEL", record(chosen)], [chosen], ifSays: "1", redis, origin)
            case .deleteUnheard: try await forget(unheard: chosen, redis, origin)
            case .expire: try await forget(["PEXPIRE", record(chosen), "0"], [chosen], ifSays: "1", redis, origin)
            case .flushDatabase: try await forget(["FLUSHDB"], paths, ifSays: "OK", redis, origin)
            case .flushAll: try await forget(["FLUSHALL"], paths, ifSays: "OK", redis, origin)
            case .killSubscribers: try await redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
            case .killConnections: try await redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            case .killWorker:
                // Whatever it is about, and another takes its place.
                guard let worker = workers.filter({ $0.ending == nil }).randomElement(using: &random) else { break }
                await worker.kill()
                workers.append(try hire(redis, origin, number: workers.count, until: until.advanced(by: .seconds(2))))
            case .freezeWorker:
                guard let worker = workers.filter({ $0.ending == nil }).randomElement(using: &random) else { break }
                worker.signal(SIGSTOP)
                try await Task.sleep(for: .milliseconds(Int.random(in: 100...1_500, using: &random)))
                worker.signal(SIGCONT)
            case .freezeRedis:
                redis.pause()
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &random)))
                redis.resume()
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...250, using: &random)))
        }
    }

    private var paths: [String] { (0..<keys).map { "/\($0 % 2 == 0 ? "a" : "b")/\($0)" } }

    private func record(_ path: String) -> String { "sluice:{coherence}:cache:GET:" + path }

    /// Changes answers, has redis-cli forget the old ones, and says so, if there was something to forget.
    private func forget(
        _ command: [String], _ paths: [String], ifSays word: String, _ redis: RedisServer, _ origin: ChangingOrigin
    ) async throws {
        let versions = origin.change(paths)
        guard try await redis.cli(command) == word else { return }
        try await tell(versions, redis, origin)
    }

    private func forget(unheard path: String, _ redis: RedisServer, _ origin: ChangingOrigin) async throws {
        let versions = origin.change([path])
        let transaction = "MULTI\nCLIENT KILL TYPE pubsub\nDEL \(record(path))\nEXEC\n"
        let run = try await ChildProcess.run("redis-cli", ["-p", "\(redis.port)"], input: Array(transaction.utf8))
        guard run.standardOutput.hasSuffix("\n1\n") else { return }
        try await tell(versions, redis, origin)
    }

    private func tell(_ versions: [String: Int], _ redis: RedisServer, _ origin: ChangingOrigin) async throws {
        origin.require(versions)
        try await redis.cli("PUBLISH", "versions", ChangingOrigin.text(versions))
    }
}

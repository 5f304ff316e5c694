import Foundation
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

/// One test's Redis, mirrors and workers. Whatever the test does, all of them are gone afterwards, and that is checked.
final class Scene {
    let stage: Stage
    let limit: String
    private(set) var crews: [Crew] = []

    private init(stage: Stage, limit: String) {
        self.stage = stage
        self.limit = limit
    }

    /// Runs a test between some strict mirrors, all with this limit, which ban whoever exceeds it.
    /// - Parameters:
    ///   - extra: more options of the first mirrors, one after the other.
    ///   - host: the address that the mirrors listen on.
    static func play(
        limit: String, latency: String = "0ms", posts: Int = 300, mirrors: Int = 2, extra: [[String]] = [],
        redis: RedisServerOptions = .init(), host: String = "127.0.0.1", _ test: (Scene) async throws -> Void
    ) async throws {
        let options = ["--limit", limit, "--latency", latency, "--block", "60s", "--posts", "\(posts)"]
        let stage = try await Stage.open(
            program: OwnProgram.besideThis, mirrors: (0..<mirrors).map { options + ($0 < extra.count ? extra[$0] : []) }, redis: redis,
            host: host)
        let scene = Scene(stage: stage, limit: limit)
        var failure: (any Error)?
        do {
            try await test(scene)
            for report in try await stage.reports() { #expect(report.isClean, "\(report)") }
        } catch {
            failure = error
        }
        let redis = stage.redis.processIdentifier
        var processes = [redis].compactMap { $0 }
        for mirror in stage.mirrors { processes.append(await mirror.processIdentifier) }
        for crew in scene.crews {
            if failure != nil { print(await crew.complaints) }
            processes += await crew.everybody
            let endings = await crew.stop()
            let complaints = await crew.complaints
            #expect(endings.allSatisfy { $0 == .exited(0) }, "a worker did not end as it should: \(endings) \(complaints)")
        }
        await stage.close()
        #expect(Processes.children(among: processes).isEmpty, "something is left running")
        if let failure { throw failure }
    }

    /// A worker's options at this scene.
    func worker(_ items: [DemoItems], _ change: (inout WorkerOptions) -> Void = { _ in }) -> WorkerOptions {
        var options = WorkerOptions()
        options.redis = stage.redis.url
        options.mirrors = stage.mirrors.map(\.url)
        options.limit = limit
        options.items = items
        options.deadline = .seconds(100)
        change(&options)
        return options
    }

    /// Starts workers, and returns when all have joined the pool.
    /// - Parameter launcher: the words before a worker's command, by its index.
    func crew(_ workers: [WorkerOptions], launcher: @Sendable (Int) -> [String] = { _ in [] }) async throws -> Crew {
        let crew = try await Crew(on: stage, workers, launcher: launcher)
        crews.append(crew)
        try await stage.wait(for: "the workers' joining", patience: .seconds(30)) {
            try await crew.look()
            return await crew.areReady
        }
        return crew
    }

    /// Waits until all workers are through with their calls, and returns what came of them.
    func finish(_ crew: Crew) async throws -> CallTally {
        try await stage.wait(for: "the end of all calls", patience: .seconds(100)) {
            try await crew.look()
            return await crew.areDone
        }
        return try await crew.look()
    }

    /// Waits until the mirrors have counted so many requests together.
    func wait(forRequests count: Int) async throws {
        try await stage.wait(for: "request \(count)", patience: .seconds(60)) { try await requests >= count }
    }

    /// The requests that the mirrors have counted together.
    var requests: Int {
        get async throws { try await stage.reports().reduce(0) { $0 + $1.requests } }
    }

    /// Of how many changed records each process has heard from Redis, by its own metrics.
    func invalidations() async throws -> [String: Int] {
        var counts: [String: Int] = [:]
        for key in try await stage.redis.cli("--scan", "--pattern", "*metrics:node:*").split(separator: "\n").map(String.init) {
            counts[key] = Int(try await stage.redis.cli("HGET", key, "invalidations")) ?? 0
        }
        return counts
    }

    /// When requests arrived, for each mirror.
    func arrivals() async throws -> [[Instant]] {
        var arrivals: [[Instant]] = []
        for mirror in stage.mirrors { arrivals.append(try await mirror.arrivals()) }
        return arrivals
    }

    /// Goes on for so long, whatever happens meanwhile.
    func letPass(_ span: Duration) async throws { try await stage.loop.sleep(until: Instant.now.advanced(by: span)) }

    /// The process that leads, once it is another than `former`.
    func leader(after former: Int32? = nil) async throws -> Int32 {
        var found: Int32?
        try await stage.wait(for: "a new leader", patience: .seconds(30)) {
            found = try await stage.leader()
            return found != nil && found != former
        }
        return try #require(found)
    }
}

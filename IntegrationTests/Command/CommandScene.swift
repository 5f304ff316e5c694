import Foundation
import SluiceCommand
import SluiceHarness
import Testing

/// A Redis and two strict mirrors for a test of the command, each a process as a user would start it.
final class CommandScene {
    /// The settings of a pool between the mirrors, as environment variables.
    var environment: [String: String?]
    let redis: RedisServer
    /// The mirrors' base URLs, as they printed them.
    let urls: [String]
    private let mirrors: [ChildProcess]

    private init(environment: [String: String?], redis: RedisServer, urls: [String], mirrors: [ChildProcess]) {
        self.environment = environment
        self.redis = redis
        self.urls = urls
        self.mirrors = mirrors
    }

    /// Runs a test; afterwards everything is ended, and no mirror may have been asked too often.
    /// - Parameter extra: more options of the mirrors.
    static func play(
        limit: String = "20/2s", latency: String = "5ms", extra: [String] = [], _ test: (CommandScene) async throws -> Void
    ) async throws {
        let redis = try await RedisServer()
        var mirrors: [ChildProcess] = []
        for name in ["a", "b"] {
            mirrors.append(
                try ChildProcess(program, ["mirror", "--limit", limit, "--latency", latency, "--block", "60s", "--name", name] + extra))
        }
        var urls: [String] = []
        for mirror in mirrors {
            try await mirror.waitForOutput(containing: "\n")
            urls.append(mirror.standardOutput.trimmingCharacters(in: .newlines))
        }
        let scene = CommandScene(
            environment: [
                "SLUICE_REDIS_URL": redis.url, "SLUICE_POOL": "command", "SLUICE_DEADLINE": "30s",
                "SLUICE_MIRRORS": "\(urls[0]),limit=\(limit),name=a \(urls[1]),limit=\(limit),name=b",
            ], redis: redis, urls: urls, mirrors: mirrors)
        var failure: (any Error)?
        do { try await test(scene) } catch { failure = error }
        for mirror in mirrors {
            #expect(await mirror.stop() == .exited(0))
            #expect(mirror.standardError.contains("0 violations, 0 bans"), "\(mirror.standardError)")
        }
        await redis.stop()
        if let failure { throw failure }
    }

    /// The built command.
    static var program: String {
        get throws { try OwnProgram.besideThis }
    }

    /// Starts `sluice` with this scene's environment.
    func start(_ arguments: String...) throws -> ChildProcess {
        try ChildProcess(Self.program, arguments, environment: environment)
    }

    /// Runs `sluice` with this scene's environment to its end.
    func run(_ arguments: String..., changing changes: [String: String?] = [:]) async throws -> ChildProcess {
        try await ChildProcess.run(Self.program, arguments, environment: environment.merging(changes) { _, new in new })
    }

    /// How many requests the mirrors have counted together.
    var requests: Int {
        get async throws {
            var count = 0
            for url in urls {
                // A process of its own without Redis has seen nothing yet; a mirror does not count these.
                let stats = try await run("get", "--redis", "", "--mirror", url, "/__stats")
                let object = try JSONSerialization.jsonObject(with: Data(stats.standardOutput.utf8)) as? [String: Any]
                count += try #require(object?["requests"] as? Int)
            }
            return count
        }
    }
}

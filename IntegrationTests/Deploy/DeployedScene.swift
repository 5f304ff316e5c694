import Foundation
import SluiceCommand
import SluiceHarness
import Testing

/// What `deploy/compose.yaml` describes, without containers: Redis with the folder's configuration and users, two strict mirrors, three
/// gateways with the example's environment and file. Only addresses and folders are this machine's.
final class DeployedScene {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "deploy")

    let redisPort: UInt16
    /// The gateways' environment, `SLUICE_REDIS_URL` with the limited user among it.
    let environment: [String: String]
    let gateways: [ChildProcess]
    let ports: [UInt16]
    private let directory: TemporaryDirectory
    private let others: [ChildProcess]

    private init() async throws {
        directory = try TemporaryDirectory(label: "deploy")
        redisPort = try FreePort.next()
        // A user for this test beside those that are deployed.
        let users = try String(contentsOf: Self.folder.appending(path: "users.acl"), encoding: .utf8)
        try (users + "user judge on >judge ~* &* +@all\n").write(toFile: directory.path("users.acl"), atomically: true, encoding: .utf8)
        let redis = try ChildProcess(
            "redis-server",
            [
                Self.folder.appending(path: "redis.conf").path, "--bind", "127.0.0.1", "--port", "\(redisPort)", "--dir",
                directory.path("."),
                "--aclfile", directory.path("users.acl"),
            ])
        try await redis.waitForOutput(containing: "Ready to accept connections")
        var mirrors: [ChildProcess] = []
        var environment = try Self.variables("\(Self.folder.path)/.env.example")
        for name in ["a", "b"] {
            let mirror = try ChildProcess(
                try OwnProgram.besideThis, ["mirror", "--name", name, "--limit", "30/60s", "--block", "60s", "--latency", "20ms..60ms"])
            try await mirror.waitForOutput(containing: "\n")
            let url = mirror.standardOutput.trimmingCharacters(in: .newlines)
            environment["SLUICE_MIRRORS"]?.replace("http://mirror-\(name):9000", with: url)
            mirrors.append(mirror)
        }
        environment["SLUICE_REDIS_URL"]?.replace("redis:6379", with: "127.0.0.1:\(redisPort)")
        environment["SLUICE_CONFIG"] = "\(Self.folder.path)/sluice.example.json"
        environment["SLUICE_LISTEN"] = "0.0.0.0:0"
        var gateways: [ChildProcess] = []
        var ports: [UInt16] = []
        for _ in 0..<3 {
            let gateway = try ChildProcess(try OwnProgram.besideThis, ["serve"], environment: environment)
            try await gateway.waitForOutput(containing: "listening on http://0.0.0.0:")
            let match = try #require(gateway.standardError.firstMatch(of: /listening on http:\/\/0\.0\.0\.0:(\d+)/))
            gateways.append(gateway)
            ports.append(try #require(UInt16(match.1)))
        }
        (self.environment, self.gateways, self.ports, others) = (environment, gateways, ports, mirrors + [redis])
    }

    /// Starts all of it, lets `body` use it, ends all of it in order, and checks that no mirror was asked too often.
    static func play(_ body: (DeployedScene) async throws -> Void) async throws {
        let scene = try await DeployedScene()
        var failure: (any Error)?
        do { try await body(scene) } catch { failure = error }
        for gateway in scene.gateways { #expect(await gateway.stop() == .exited(0), "\(gateway.standardError)") }
        for other in scene.others { #expect(await other.stop() == .exited(0), "\(other.standardError)") }
        for mirror in scene.others.dropLast() { #expect(mirror.standardError.contains("0 violations, 0 bans"), "\(mirror.standardError)") }
        if let failure { throw failure }
    }

    /// What redis-cli prints for a user.
    func redis(as user: String, _ password: String, _ arguments: String...) async throws -> String {
        let run = try await ChildProcess.run(
            "redis-cli", ["-p", "\(redisPort)", "--no-auth-warning", "--user", user, "--pass", password] + arguments)
        return (run.standardOutput + run.standardError).trimmingCharacters(in: .newlines)
    }

    private static func variables(_ path: String) throws -> [String: String] {
        var found: [String: String] = [:]
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            let sides = line.split(separator: "=", maxSplits: 1)
            found[String(sides[0])] = String(sides[1])
        }
        return found
    }
}

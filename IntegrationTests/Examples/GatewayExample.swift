import Foundation
import SluiceCommand
import SluiceHarness
import Testing

/// An example of the gateway, started by the one command that its README section gives, as a user would.
struct GatewayExample {
    let process: ChildProcess
    /// Where its gateway listens.
    let port: UInt16
    private let redisPort: String

    /// Runs `deploy/example NAME`, lets `play` use it, ends it by SIGINT, and checks that nothing of it is left.
    static func play(_ name: String, _ play: (GatewayExample) async throws -> Void) async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        // bash itself, since this process may ignore SIGINT, and a shell cannot trap what was ignored at its start.
        let process = try ChildProcess(
            root.appending(path: "deploy/example").path, [name, "--listen", "127.0.0.1:0"],
            // And what a shell may have of another pool.
            environment: [
                "SLUICE_PROGRAM": try OwnProgram.besideThis, "SLUICE_POOL": "other", "SLUICE_CONFIG": "/other.json", "SLUICE_LEASE": "1d",
            ])
        try await process.waitForOutput(containing: "listening on http://127.0.0.1:", timeout: .seconds(60))
        let said = process.standardError
        let example = GatewayExample(
            process: process, port: try #require(said.firstMatch(of: /listening on http:\/\/127.0.0.1:(\d+)/).flatMap { UInt16($0.1) }),
            redisPort: String(try #require(said.firstMatch(of: /redis-cli -p (\d+)/)).1))
        let family = Processes.descendants(of: process.processIdentifier)
        #expect(family.count >= 4, "Redis, two mirrors, the gateway")
        var failure: (any Error)?
        do { try await play(example) } catch { failure = error }
        process.signal(SIGINT)
        #expect(await process.wait() == .exited(0), "\(process.standardError)")
        #expect(Processes.remaining(of: family).isEmpty)
        #expect(process.standardError.contains("sluice serve: ended"), "\(process.standardError)")
        for mirror in ["a", "b"] { #expect(process.standardError.contains("mirror \(mirror): ")) }
        #expect(process.standardError.components(separatedBy: "0 violations, 0 bans").count == 3, "\(process.standardError)")
        if let failure { throw failure }
    }

    /// What redis-cli prints.
    func redis(_ arguments: String...) async throws -> String {
        let run = try await ChildProcess.run("redis-cli", ["-p", redisPort] + arguments)
        return run.standardOutput.trimmingCharacters(in: .newlines)
    }
}

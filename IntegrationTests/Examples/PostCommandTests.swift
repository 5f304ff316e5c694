import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// `deploy/example post` in a shell that has settings of another pool, on a Redis that this pool is in.
    struct PostCommandTests {
        @Test func `the example's command leaves the shell's pool alone`() async throws {
            let redis = try await RedisServer()
            try await redis.cli("HSET", "sluice:{other}:cache:GET:/posts/1", "body", "theirs")
            try await redis.cli("HSET", "sluice:{default}:cache:GET:/posts/1", "body", "theirs")
            // What is built is built: this takes the place of `swift build`.
            let tools = try TemporaryDirectory(label: "tools")
            let folder = URL(filePath: try PostSerialSemaphorePrograms.path("post")).deletingLastPathComponent().path
            try "#!/bin/sh\necho '\(folder)'\n".write(toFile: tools.path("swift"), atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tools.path("swift"))
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            let run = try await ChildProcess.run(
                root.appending(path: "deploy/example").path, ["post"],
                environment: [
                    "SLUICE_PROGRAM": try OwnProgram.besideThis, "SLUICE_REDIS_URL": redis.url, "PATH": "\(tools.path):\(path)",
                    "SLUICE_POOL": "other", "SLUICE_CONFIG": "/other.json", "SLUICE_MIRRORS": "http://127.0.0.1:1",
                ])
            #expect(run.ending == .exited(0), "\(run.standardError)")
            #expect(run.standardOutput.contains("100 posts in one answer from "), "\(run.standardOutput)")
            for pool in ["other", "default"] {
                #expect(try await redis.cli("KEYS", "sluice:{\(pool)}:*") == "sluice:{\(pool)}:cache:GET:/posts/1")
                #expect(try await redis.cli("HGETALL", "sluice:{\(pool)}:cache:GET:/posts/1") == "body\ntheirs")
            }
            await redis.stop()
        }
    }
}

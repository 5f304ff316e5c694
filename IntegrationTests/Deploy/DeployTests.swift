import Foundation
import Sluice
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// The files of `deploy/`, as far as they can be tried without containers and without systemd as the first process.
    struct DeployTests {
        @Test func `three gateways work with the deployed Redis user, which may do nothing else`() async throws {
            try await DeployedScene.play { scene in
                // Every path from every gateway, twice: one request for each.
                for _ in 0..<2 {
                    for id in 1...10 {
                        for port in scene.ports { #expect(try await RawClient(port).get("/get_todos/\(id)").status == 200) }
                    }
                }
                try await waitUntil { try await Self.misses(scene) == 10 }
                #expect(try await Self.misses(scene) == 10)

                // Tracking: what is deleted by hand is forgotten in every process, and so is what is purged.
                let client = try RawClient(scene.ports[1])
                #expect(try await scene.redis(as: "judge", "judge", "DEL", "sluice:{posts}:cache:GET:/todos/1") == "1")
                try await waitUntil { try await client.get("/get_todos/1").headers["cache-status"]?.contains("detail=memory") == false }
                let token = try #require(scene.environment["SLUICE_MANAGEMENT_TOKEN"])
                let purge = try await RawClient(scene.ports[0]).get(
                    "/-/purge?path=/get_todos/2", "Authorization: Bearer \(token)\r\nContent-Length: 0\r\n", method: "POST")
                #expect(purge.status == 200 && purge.body == "{\"purged\":1}\n")
                try await waitUntil { try await client.get("/get_todos/2").headers["cache-status"]?.contains("detail=memory") == false }

                // The command, locks and semaphores, as the same user.
                for words in [["get", "/users/1"], ["purge", "/users/1"], ["purge", "--tag", "none"], ["status"]] {
                    let run = try await ChildProcess.run(try OwnProgram.besideThis, words, environment: scene.environment)
                    #expect(run.ending == .exited(0), "\(words) \(run.standardError)")
                }
                try await Self.lock(scene)

                // A leader that is told to end gives the lease back, and another goes on.
                await scene.gateways[0].stop()
                #expect(try await client.get("/get_todos/20").status == 200)

                let log = try await scene.redis(as: "judge", "judge", "ACL", "LOG")
                #expect(log.isEmpty, "Redis refused something that Sluice needs: \(log)")
                try await Self.refuses(scene)
            }
        }

        /// Everything that a permit does: asked for, renewed, waited for, given back.
        private static func lock(_ scene: DeployedScene) async throws {
            let pool = try await MirrorPool(try PoolConfiguration.fromEnvironment(scene.environment))
            do {
                // The first is renewed once, and a machine that stands still for a moment does not lose it.
                let lock = try pool.lock("deploy", lease: .seconds(3))
                async let first = lock.withLock { _ in try await Task.sleep(for: .milliseconds(1_500)) }
                async let second = lock.withLock { _ in true }
                try await first
                #expect(try await second)
                #expect(try await pool.semaphore("deploy", permits: 2).withPermit { true })
            } catch {
                await pool.shutDown()
                throw error
            }
            await pool.shutDown()
        }

        private static func refuses(_ scene: DeployedScene) async throws {
            let password = try #require(
                scene.environment["SLUICE_REDIS_URL"]?.firstMatch(of: /sluice:([^@]+)@/).map { String($0.1) })
            for words in [
                ["SET", "other", "1"], ["GET", "other"], ["FLUSHALL"], ["FLUSHDB"], ["KEYS", "*"], ["CONFIG", "GET", "*"], ["ACL", "LIST"],
                ["SHUTDOWN"], ["EVAL", "return 1", "0"], ["PUBLISH", "other", "x"], ["SUBSCRIBE", "other"], ["CLIENT", "LIST"],
                ["CLIENT", "KILL", "ID", "1"], ["MONITOR"], ["REPLICAOF", "NO", "ONE"],
            ] {
                let run = try await ChildProcess.run(
                    "redis-cli",
                    ["-p", "\(scene.redisPort)", "--no-auth-warning", "--user", "sluice", "--pass", password] + words)
                #expect((run.standardOutput + run.standardError).contains("NOPERM"), "\(words) \(run.standardOutput)")
            }
            let anonymous = try await ChildProcess.run("redis-cli", ["-p", "\(scene.redisPort)", "PING"])
            #expect((anonymous.standardOutput + anonymous.standardError).contains("NOAUTH"))
        }

        /// Requests of all gateways to the mirrors, as they tell themselves.
        private static func misses(_ scene: DeployedScene) async throws -> Int {
            var sum = 0
            let token = try #require(scene.environment["SLUICE_MANAGEMENT_TOKEN"])
            for port in scene.ports {
                let text = try await RawClient(port).get("/-/metrics", "Authorization: Bearer \(token)\r\n").body
                let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("sluice_misses_total{") })
                sum += Int(line.split(separator: " ").last ?? "") ?? 0
            }
            return sum
        }

        private func waitUntil(_ condition: () async throws -> Bool) async throws {
            let limit = ContinuousClock.now + .seconds(30)
            while try await !condition() {
                try #require(ContinuousClock.now < limit, "it did not come true within 30 s")
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}

import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// `sluice get` as a user runs it.
    struct GetCommandTests {
        @Test func `an answer comes from a mirror, for the next process from Redis, and without Redis from a mirror again`() async throws {
            try await CommandScene.play { scene in
                let first = try await scene.run("get", "-v", "/posts/7")
                #expect(first.ending == .exited(0))
                #expect(first.standardOutput.contains("\"id\":7"))
                #expect(first.standardError.contains("/posts/7: 200 from mirror "))
                let second = try await scene.run("get", "--verbose", "/posts/7")
                #expect(second.ending == .exited(0))
                #expect(second.standardOutput == first.standardOutput)
                #expect(second.standardError.contains("/posts/7: 200 from redis, "))
                #expect(try await scene.requests == 1)
                let embedded = try await scene.run("get", "-v", "/posts/7", changing: ["SLUICE_REDIS_URL": nil])
                #expect(embedded.ending == .exited(0))
                #expect(embedded.standardOutput == first.standardOutput)
                #expect(embedded.standardError.contains("limits and cache hold for this process only"))
                #expect(embedded.standardError.contains("200 from mirror "))
                #expect(!first.standardError.contains("this process only"))
                #expect(try await scene.requests == 2)
            }
        }

        @Test func `a call overrides for how long an answer is kept, and asks for one that is no older than it bears`() async throws {
            try await CommandScene.play(extra: ["--max-age", "1h"]) { scene in
                func get(_ path: String, _ options: String...) async throws -> String {
                    let run = try await ChildProcess.run(
                        CommandScene.program, ["get", "-v", path] + options, environment: scene.environment)
                    #expect(run.ending == .exited(0))
                    return run.standardError
                }
                func life(_ path: String) async throws -> [Int] {
                    let names = ["stored_ms", "fresh_until_ms", "stale_until_ms"]
                    let times = try await scene.redis.cli(["HMGET", "sluice:{command}:cache:GET:\(path)"] + names)
                        .split(separator: "\n").compactMap { Int($0) }
                    try #require(times.count == 3)
                    return [times[1] - times[0], times[2] - times[1]]
                }
                // Without an override the answer has the first word, then it has none.
                #expect(try await get("/posts/1", "--fresh", "5s").contains(" from mirror "))
                #expect(try await life("/posts/1")[0] > 3_000_000)
                #expect(try await get("/posts/2", "--override", "--fresh", "15m", "--stale", "7s").contains(" from mirror "))
                let kept = try await life("/posts/2")
                #expect((800_000...900_000).contains(kept[0]) && kept[1] == 7_000)
                #expect(try await get("/posts/2").contains(" from redis, "), "what one has overridden is so for all")
                // The next process starts later than the answer was given.
                #expect(try await get("/posts/1", "--max-age", "1h").contains(" from redis, "))
                #expect(try await get("/posts/1", "--max-age", "0s").contains(" from mirror "))
                #expect(try await get("/posts/1", "--override", "--fresh", "1ms", "--stale", "0s").contains(" from mirror "))
                #expect(try await scene.requests == 4)
            }
        }

        @Test func `bodies are printed in the order of the paths, one for each, though they are fetched at once`() async throws {
            try await CommandScene.play(latency: "1ms..60ms") { scene in
                let paths = (1...30).map { "/todos/\($0)" }
                let run = try await ChildProcess.run(
                    CommandScene.program, ["get"] + paths + ["/todos/3", "--concurrency=30"], environment: scene.environment)
                #expect(run.ending == .exited(0), "\(run.standardError)")
                #expect(run.standardError.isEmpty)
                let numbers = run.standardOutput.split(separator: "\n").map { line in
                    (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["id"] as? Int
                }
                #expect(numbers == Array(1...30) + [3])
                #expect(try await scene.requests == 30)
            }
        }

        @Test func `an error status prints its body and ends with 1, and so does a path that cannot be asked for`() async throws {
            try await CommandScene.play { scene in
                let missing = try await scene.run("get", "/posts/999999", "/posts/1")
                #expect(missing.ending == .exited(1))
                #expect(missing.standardOutput.hasPrefix("{}\n{"))
                #expect(missing.standardError == "sluice get: /posts/999999: the API answered with status 404\n")
                let before = try await scene.requests
                for path in ["//example.org/x", "/a b", "/a\r\nHost: b", "http://example.org/", "posts", "/../../etc/passwd", "", "/a#b"] {
                    let run = try await scene.run("get", path)
                    #expect(run.ending == .exited(1), "\(path)")
                    #expect(run.standardOutput.isEmpty, "\(path)")
                    #expect(run.standardError.hasPrefix("sluice get: "), "\(run.standardError)")
                }
                #expect(try await scene.requests == before, "nothing of that reached a mirror")
            }
        }

        @Test func `a reader that goes away ends it quietly, a full disk does not`() async throws {
            try await CommandScene.play { scene in
                let closed = try await ChildProcess.run(
                    "bash", ["-c", "\"$0\" get /posts/1 /posts/2 | true; exit ${PIPESTATUS[0]}", try CommandScene.program],
                    environment: scene.environment)
                #expect(closed.ending == .exited(0))
                #expect(closed.standardError.isEmpty)
                let full = try await ChildProcess.run(
                    "bash", ["-c", "\"$0\" get /posts/1 > /dev/full", try CommandScene.program], environment: scene.environment)
                #expect(full.ending == .exited(1))
                #expect(full.standardError.contains("No space left on device"))
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `a signal ends it at once, and the slots that it had go back`(signal: Int32) async throws {
            try await CommandScene.play(limit: "2/60s") { scene in
                // Four slots, and then a minute's wait for the fifth: asked for in this order, since answers are told in it.
                let run = try scene.start(
                    "get", "-v", "/posts/1", "/posts/2", "/posts/3", "/posts/4", "/posts/5", "--deadline", "120s", "--concurrency", "1")
                try await run.waitForOutput(containing: "/posts/4: 200")
                let clock = ContinuousClock.now
                run.signal(signal)
                #expect(await run.wait() == .exited(1))
                #expect(ContinuousClock.now - clock < .seconds(10))
                #expect(run.standardError.contains("ended by SIG"))
                #expect(run.standardOutput.split(separator: "\n").count == 4)
            }
        }

        @Test func `a call that can have no slot in time is refused at once and told when to come back`() async throws {
            try await CommandScene.play(limit: "1/60s") { scene in
                let clock = ContinuousClock.now
                let run = try await scene.run("get", "/posts/1", "/posts/2", "/posts/3", "--deadline", "20s", "--concurrency", "1")
                #expect(ContinuousClock.now - clock < .seconds(15))
                #expect(run.ending == .exited(1))
                #expect(run.standardOutput.split(separator: "\n").count == 2)
                #expect(run.standardError.contains("/posts/3: "))
                #expect(run.standardError.contains("worth another try in "))
            }
        }

        @Test func `a Redis that refuses or is away is named, without its password`() async throws {
            let redis = try await RedisServer(RedisServerOptions(password: "right"))
            let mirror = "http://127.0.0.1:1,limit=1/1s"
            let refused = try await ChildProcess.run(
                CommandScene.program, ["get", "/a", "--mirror", mirror, "--redis", "redis://:hunter2@127.0.0.1:\(redis.port)"])
            #expect(refused.ending == .exited(1))
            #expect(refused.standardError.contains("password"))
            #expect(refused.standardError.contains("127.0.0.1:\(redis.port)"), "\(refused.standardError)")
            #expect(!refused.standardError.contains("hunter2"))
            await redis.stop()
            let away = try await ChildProcess.run(
                CommandScene.program,
                ["get", "/a", "--mirror", mirror, "--redis", "redis://:hunter2@127.0.0.1:\(redis.port)", "--deadline", "3s"])
            #expect(away.ending == .exited(1))
            #expect(away.standardError.contains("127.0.0.1:\(redis.port)"), "\(away.standardError)")
            #expect(!away.standardError.contains("hunter2"))
            #expect(away.standardOutput.isEmpty)
        }
    }
}

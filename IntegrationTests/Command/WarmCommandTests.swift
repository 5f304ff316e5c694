import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// `sluice warm` as a user runs it.
    struct WarmCommandTests {
        @Test func `one request fills a hundred items, and the next processes are answered from Redis`() async throws {
            try await CommandScene.play { scene in
                let warm = try await scene.run("warm", "/posts", "--item", "/posts/{id}")
                #expect(warm.ending == .exited(0), "\(warm.standardError)")
                #expect(warm.standardOutput.hasPrefix("/posts from mirror "))
                #expect(warm.standardOutput.hasSuffix(": 100 of 100 items stored\n"))
                #expect(warm.standardError.isEmpty, "no bar where nobody looks")
                let get = try await scene.run("get", "-v", "/posts/1", "/posts/50", "/posts/100")
                #expect(get.standardError.split(separator: "\n").allSatisfy { $0.contains(": 200 from redis, ") }, "\(get.standardError)")
                #expect(try await scene.requests == 1)
                let again = try await scene.run("warm", "/posts", "--item", "/posts/{id}")
                #expect(again.ending == .exited(0))
                #expect(again.standardOutput.hasPrefix("/posts from redis: "))
            }
        }

        @Test func `a bar is drawn on a terminal and taken away`() async throws {
            try await CommandScene.play { scene in
                // `script` is a terminal for what it runs.
                let run = try await ChildProcess.run(
                    "script", ["-qec", "'\(CommandScene.program)' warm /posts --item '/posts/{id}'", "/dev/null"],
                    environment: scene.environment)
                #expect(run.ending == .exited(0), "\(run.standardError)")
                #expect(run.standardOutput.contains("100 of 100"))
                #expect(run.standardOutput.contains("█"))
                #expect(run.standardOutput.contains("100 of 100 items stored"))
            }
        }

        @Test func `what fails ends with 1 and a sentence, what makes no sense with 2`() async throws {
            try await CommandScene.play { scene in
                let slug = try await scene.run("warm", "/posts", "--item", "/posts/{slug}")
                #expect(slug.ending == .exited(1))
                #expect(slug.standardError.contains("item 1 of /posts has no member “slug”"))
                #expect(slug.standardOutput.isEmpty)
                let missing = try await scene.run("warm", "/nothing", "--item", "/x/{id}")
                #expect(missing.ending == .exited(1))
                #expect(missing.standardError.contains("404"))
                let before = try await scene.requests
                for words in [
                    ["/posts"], ["--item", "/posts/{id}"], ["/posts", "--item", "/posts"], ["/posts", "--item", "/posts/{id"],
                    ["//posts", "--item", "/posts/{id}"], ["/posts", "/todos", "--item", "/posts/{id}"],
                ] {
                    let run = try await ChildProcess.run(CommandScene.program, ["warm"] + words, environment: scene.environment)
                    #expect(run.ending == .exited(2), "\(words)")
                    #expect(run.standardError.hasPrefix("sluice warm: "), "\(run.standardError)")
                }
                let alone = try await scene.run("warm", "/posts", "--item", "/posts/{id}", changing: ["SLUICE_REDIS_URL": nil])
                #expect(alone.ending == .exited(2))
                #expect(alone.standardError.contains("no Redis is named"))
                #expect(try await scene.requests == before)
            }
        }
    }
}

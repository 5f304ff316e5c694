import SluiceHarness
import Testing

extension Integration {
    /// The row **post**: many threads, tasks and processes of one program want the same posts.
    struct PostExampleTests {
        @Test
        func `three processes want 60 posts each from tasks and threads: each is asked for once, both mirrors are used, nobody is banned`()
            async throws
        {
            // That the mirrors saw no violation and banned nobody is checked at the end of every scene.
            try await CommandScene.play(limit: "20/2s", latency: "20ms") { scene in
                let program = try PostSerialSemaphorePrograms.path("post")
                let processes = try (0..<3).map { _ in try ChildProcess(program, ["60"], environment: scene.environment) }
                for process in processes {
                    #expect(await process.wait() == .exited(0), "\(process.standardError)")
                    #expect(process.standardOutput.contains("\npost 60: "))
                }
                #expect(try await scene.requests == 60)
                for url in scene.urls {
                    let stats = try await scene.run("get", "--redis", "", "--mirror", url, "/__stats")
                    #expect(stats.standardOutput.contains("\"worst\":20}"), "all of its limit was used: \(stats.standardOutput)")
                }

                // A process that comes later finds all of them in Redis, and spends nothing.
                let late = try await ChildProcess.run(program, ["60"], environment: scene.environment)
                #expect(late.ending == .exited(0))
                #expect(!late.standardOutput.contains("from a") && !late.standardOutput.contains("from b"), "\(late.standardOutput)")
                #expect(try await scene.requests == 60)
            }
        }

        @Test
        func `the whole collection is asked for once, of one mirror, and every post is then answered from it, in later processes too`()
            async throws
        {
            try await CommandScene.play(limit: "20/2s", latency: "20ms") { scene in
                let program = try PostSerialSemaphorePrograms.path("post")
                let first = try await ChildProcess.run(program, ["--whole", "100"], environment: scene.environment)
                #expect(first.ending == .exited(0), "\(first.standardError)")
                #expect(first.standardOutput.hasPrefix("100 posts in one answer from "), "\(first.standardOutput)")
                #expect(first.standardOutput.contains("\npost 100: "))
                let later = try await ChildProcess.run(program, ["100"], environment: scene.environment)
                #expect(later.ending == .exited(0), "\(later.standardError)")
                #expect(try await scene.requests == 1)
            }
        }
    }
}

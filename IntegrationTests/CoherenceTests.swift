import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// G4 across processes, with redis-cli as the one who interferes.
    struct CoherenceTests {
        @Test func `a key deleted with redis-cli is fetched once more, and every process sees the new value`() async throws {
            try await Scene.play(limit: "30/6s", mirrors: 1) { scene in
                let worker = scene.worker([DemoItems("posts")]) { $0.callers = 3 }
                let crew = try await scene.crew(Array(repeating: worker, count: 4))
                await crew.go()
                #expect(try await scene.finish(crew).lengths.values.sorted() == [12])
                #expect(try await scene.requests == 1)

                // Again: from every process's memory.
                await crew.go()
                #expect(try await scene.finish(crew).lengths.values.sorted() == [24])
                #expect(try await scene.requests == 1)

                // The mirror's data changes; nobody is to notice until the key goes.
                try await scene.stage.mirrors[0].restart(adding: ["--posts", "301"])
                await crew.go()
                #expect(try await scene.finish(crew).lengths.values.sorted() == [36])
                #expect(try await scene.requests == 0)

                // What a process has not yet heard of it may still serve; that all have heard is seen in their metrics.
                var before: [String: Int] = [:]
                try await scene.stage.wait(for: "every process to hear of the record", patience: .seconds(30)) {
                    before = try await scene.invalidations()
                    return before.count == 4 && before.values.allSatisfy { $0 >= 1 }
                }
                #expect(try await scene.stage.redis.cli("DEL", scene.stage.cacheKey("/posts")) == "1")
                try await scene.stage.wait(for: "every process to hear that it is gone", patience: .seconds(30)) {
                    try await scene.invalidations().allSatisfy { $0.value > before[$0.key, default: 0] }
                }
                await crew.go()
                let tally = try await scene.finish(crew)
                #expect(tally.lengths.values.sorted() == [12, 36], "some process served the old value")
                #expect(tally.failures.isEmpty)
                #expect(try await scene.requests == 1)
            }
        }
    }
}

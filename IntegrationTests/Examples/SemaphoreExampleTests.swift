import SluiceHarness
import Testing

extension Integration {
    /// The row **semaphore**: its program as a user starts it.
    struct SemaphoreExampleTests {
        @Test func `five requests with bound 1 follow one another, with bound 5 they go side by side, and the rest is said`() async throws {
            try await CommandScene.play(limit: "30/6s", latency: "600ms") { scene in
                let run = try await ChildProcess.run(try PostSerialSemaphorePrograms.path("semaphore"), environment: scene.environment)
                #expect(run.ending == .exited(0), "\(run.standardError)")
                let lines = run.standardOutput.split(separator: "\n").map(String.init)
                try #require(lines.count == 5, "\(lines)")
                let one = try seconds(lines[0], after: "5 requests with bound 1: ")
                let five = try seconds(lines[1], after: "5 requests with bound 5: ")
                #expect(one >= 3.0, "one after another: 5 × 600 ms at least")
                #expect(five >= 0.6)
                #expect(five < one / 2)
                #expect(lines[2].hasPrefix("opened again: requests-5 with 5 permits"))
                #expect(lines[3].hasPrefix("opened with another number: ") && lines[3].contains("with 3"))
                #expect(lines[4].hasPrefix("without a connection, after ") && lines[4].contains("Redis"))
                #expect(try await scene.requests == 10)
            }
        }

        private func seconds(_ line: String, after words: String) throws -> Double {
            try #require(line.hasPrefix(words), "\(line)")
            return try #require(Double(line.dropFirst(words.count).dropLast(2)))
        }
    }
}

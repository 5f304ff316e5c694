import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// A soak as short as it can be: what leaks with every call shows in it, what leaks once an hour does not.
    struct SoakTests {
        private struct Page: Decodable {
            struct Figure: Decodable {
                let what: String
                let median: Double
            }

            let figures: [Figure]
        }

        @Test func `at full load memory, open files and Redis stay as they are, and no mirror is asked too often`() async throws {
            let run = try await ChildProcess.run(
                try CommandScene.program, ["bench", "soak", "--span", "40s", "--processes", "2", "--json"])
            let page = try JSONDecoder().decode(Page.self, from: Data(run.standardOutput.utf8))
            let figures = Dictionary(page.figures.map { ($0.what, $0.median) }) { first, _ in first }
            func figure(_ name: String) throws -> Double { try #require(figures[name], "\(name) is missing") }

            #expect(try figure("violations") == 0)
            #expect(try figure("bans") == 0)
            #expect(try figure("failed") == 0, "\(run.standardError)")
            #expect(try figure("answered") > 1_000)
            #expect(try figure("requests") > 400, "it is full load: most answers are not fresh any more")
            for process in 0..<2 {
                // A leak of 100 bytes a call would be more.
                #expect(try figure("memory_growth_\(process)") < 6, "MiB")
                // Sixteen callers never have more than one connection each to each of the mirrors; when they first have that many depends on
                // how busy the host is. One left open for each hundredth call would be more.
                #expect(try figure("files_growth_\(process)") <= 32)
            }
            #expect(try figure("redis_memory_growth") < 4, "MiB")
            #expect(try figure("redis_keys") < 4_200, "4,000 answers, and what a pool keeps for itself")
        }
    }
}

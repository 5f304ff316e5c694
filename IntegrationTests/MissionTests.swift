import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// The mission of the project: G1, G2 and G3 at once.
    struct MissionTests {
        @Test(arguments: ["0ms", "50ms"])
        func `240 posts through two mirrors of 30 per 6 s by four processes take 18 s, and no mirror is asked too often`(latency: String)
            async throws
        {
            try await Scene.play(limit: "30/6s", latency: latency, posts: 240) { scene in
                // A Redis that has only just started may have lost what others remember: they are waited for half a second, once. It tells its
                // age in whole seconds.
                try await scene.letPass(.seconds(3))
                let crew = try await scene.crew(
                    (0..<4).map { index in
                        scene.worker([DemoItems("posts", (index * 60 + 1)...(index * 60 + 60))]) { $0.divides = true }
                    })
                let (tally, stood) = try await Standstill.watched { standstill in
                    await crew.go()
                    return (try await scene.finish(crew), standstill.total)
                }
                #expect(tally.calls == 240)
                #expect(tally.wrong == 0)
                #expect(tally.failures.isEmpty)
                let reports = try await scene.stage.reports()
                #expect(reports.reduce(0) { $0 + $1.requests } == 240)
                #expect(reports.allSatisfy { $0.duplicates.isEmpty })
                #expect(Set(reports.map(\.requests)) == [120])
                let time = try #require(tally.lastAnswer).duration(since: #require(await crew.wentAt))
                print(
                    "240 posts at a latency of \(latency) took \(time); the ideal is 18 s (\(18_000_000 * 1_000 / time.microseconds) ‰); \(stood) of standstill"
                )
                #expect(time >= .seconds(18))
                // A machine that stands still where a window ends makes all that follows later.
                #expect(time <= .seconds(18) * 1.03 + .seconds(1) + stood)
            }
        }

        @Test func `one hundred callers of one cold key in four processes cost one request`() async throws {
            try await Scene.play(limit: "30/6s", latency: "50ms") { scene in
                let worker = scene.worker([DemoItems("posts", 55...55)]) { $0.callers = 25 }
                let crew = try await scene.crew(Array(repeating: worker, count: 4))
                await crew.go()
                let tally = try await scene.finish(crew)
                #expect(tally.calls == 100)
                #expect(tally.wrong == 0)
                #expect(tally.failures.isEmpty)
                #expect(try await scene.requests == 1)
            }
        }

        @Test(arguments: ["0ms", "50ms", "0ms..120ms"])
        func `a load that starts late in a window that one request began stays within every window`(latency: String) async throws {
            try await Scene.play(limit: "20/2s", latency: latency) { scene in
                let first = try await scene.crew([scene.worker([DemoItems("todos", 1...1)]) { $0.callers = 1 }])
                let crew = try await scene.crew(
                    (0..<4).map { index in
                        scene.worker([DemoItems("posts", (index * 25 + 1)...(index * 25 + 25))]) { $0.divides = true }
                    })
                await first.go()
                try await scene.wait(forRequests: 1)
                try await scene.stage.loop.sleep(until: Instant.now.advanced(by: .milliseconds(1_700)))
                await crew.go()
                let tally = try await scene.finish(crew)
                #expect(tally.calls == 100)
                #expect(tally.wrong == 0)
                #expect(tally.failures.isEmpty)
                let reports = try await scene.stage.reports()
                #expect(reports.reduce(0) { $0 + $1.requests } == 101)
                #expect(reports.allSatisfy { $0.duplicates.isEmpty })
            }
        }
    }
}

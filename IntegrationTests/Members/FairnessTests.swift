import Sluice
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// Who gets how much, and who comes first, when more is wanted than there is.
    struct FairnessTests {
        /// Jain's index (R. Jain and others, 1984): 1 when all get the same, 1/n when one gets everything.
        private static func index(_ shares: [Int]) -> Double {
            let (sum, squares) = (shares.reduce(0, +), shares.reduce(0) { $0 + $1 * $1 })
            return squares == 0 ? 0 : Double(sum * sum) / Double(shares.count * squares)
        }

        @Test func `over ten windows equal processes get equal shares`() async throws {
            // What two mirrors allow in a window. Windows are counted by their slots, since a busy machine makes them longer.
            let slots = 30
            try await Scene.play(limit: "15/2s", latency: "5ms..30ms", posts: 1_000) { scene in
                let crew = try await scene.crew(
                    (0..<5).map { index in
                        scene.worker([DemoItems("posts", (index * 200 + 1)...(index * 200 + 200))]) {
                            $0.divides = true
                            $0.callers = 10
                        }
                    })
                await crew.go()
                // The first window may still show who came first, and the answers of the last two may not be known yet.
                try await scene.wait(forRequests: 13 * slots)
                let tally = try await crew.look()
                let fetches = tally.fetched.flatMap { worker, times in times.map { (worker: worker, at: $0) } }.sorted { $0.at < $1.at }
                try #require(fetches.count >= 11 * slots)
                let windows = (1...10).map { number in
                    (0..<5).map { worker in fetches[number * slots..<(number + 1) * slots].count { $0.worker == worker } }
                }
                let shares = (0..<5).map { worker in windows.reduce(0) { $0 + $1[worker] } }
                let total = Self.index(shares)
                let worst = windows.map(Self.index).min() ?? 0
                print("five equal processes, ten windows: \(shares) slots, Jain's index \(total); the least fair window \(worst)")
                #expect(total >= 0.95)
            }
        }

        @Test func `under urgent load a caller without urgency waits until its age counts, and not for ever`() async throws {
            try await Scene.play(limit: "10/1s", latency: "5ms..30ms", posts: 4_000) { scene in
                let crew = try await scene.crew(
                    (0..<3).map { index in
                        scene.worker([DemoItems("posts", (index * 1_000 + 1)...(index * 1_000 + 1_000))]) {
                            $0.divides = true
                            $0.callers = 60
                            $0.isUrgent = true
                        }
                    })
                var configuration = PoolConfiguration(
                    mirrors: zip(["a", "b"], scene.stage.mirrors).map { name, mirror in
                        MirrorConfiguration(url: mirror.url, name: name, limits: [.init(10, per: .seconds(1))])
                    })
                configuration.pool = "demo"
                configuration.redis = scene.stage.redis.url
                configuration.timeout = .seconds(2)
                let pool = try await MirrorPool(configuration)
                // Some of the urgent ones are here: on a host that gives the other processes no time for a while, nobody else would want a slot.
                let callers = (0..<60).map { caller in
                    Task {
                        var post = 0
                        while !Task.isCancelled {
                            let path = "/posts/\(3_001 + caller * 14 + post % 14)?n=\(post)"
                            _ = try? await pool.get(path, options: CallOptions(deadline: .seconds(100), priority: .high))
                            post += 1
                        }
                    }
                }
                await crew.go()
                try await scene.wait(forRequests: 60)
                @Sendable func wait(_ priority: CallOptions.Priority, _ post: Int) async throws -> Duration {
                    let began = Instant.now
                    _ = try await pool.get("/posts/\(post)", options: CallOptions(deadline: .seconds(60), priority: priority))
                    return Instant.now.duration(since: began)
                }
                async let normal = wait(.normal, 3_901)
                async let low = wait(.low, 3_902)
                let high = try await wait(.high, 3_903)
                let waits = (high: high, normal: try await normal, low: try await low)
                print("under urgent load: high \(waits.high), normal \(waits.normal), low \(waits.low)")
                callers.forEach { $0.cancel() }
                await pool.shutDown(grace: .zero)
                // Each step up takes ten seconds of waiting; then it is the oldest.
                #expect(waits.high < .seconds(9))
                #expect(waits.normal >= .seconds(9) && waits.normal < .seconds(19))
                #expect(waits.low >= .seconds(19) && waits.low < .seconds(29))
            }
        }
    }
}

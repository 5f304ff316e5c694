import Foundation
import Sluice
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// What a caller is told who cannot be served in time.
    struct SteadyQueueTests {
        private struct Probe {
            /// From the question to the moment at which we are told to come back, and to the slot of who waited.
            let told: Duration
            let had: Duration
            var error: Double { abs(told.seconds - had.seconds) / had.seconds }
        }

        @Test func `in a steady queue of four processes, whoever is refused is told when a slot will be had, within a tenth`() async throws
        {
            try await Scene.play(limit: "20/2s", latency: "5ms..35ms", posts: 3_000) { scene in
                // Ever more posts than there is time for, so that everybody always waits.
                let crew = try await scene.crew(
                    (0..<3).map { index in
                        scene.worker([DemoItems("posts", (index * 700 + 1)...(index * 700 + 700))]) {
                            $0.divides = true
                            $0.callers = 25
                        }
                    })
                let pool = try await MirrorPool(scene.ownConfiguration())
                let callers = (0..<25).map { caller in
                    Task {
                        var post = 0
                        while !Task.isCancelled {
                            _ = try? await pool.get("/posts/\(2_101 + caller * 30 + post % 30)?n=\(post)")
                            post += 1
                        }
                    }
                }
                await crew.go()
                // Steady, that is: as long as who came first has more than his share, nobody can tell what it will be.
                try await scene.wait(forRequests: 400)
                var probes: [Probe] = []
                for number in 0..<30 where probes.count < 5 {
                    if let probe = try await Self.probe(pool, number: number) { probes.append(probe) }
                    try await scene.letPass(.milliseconds(230))
                }
                try #require(probes.count == 5, "hardly anybody was refused")
                for probe in probes {
                    print(
                        "steady queue: told to come back in \(Int(probe.told.seconds * 1_000)) ms, a slot was had after \(Int(probe.had.seconds * 1_000)) ms (\(Int(probe.error * 1_000)) ‰ off)"
                    )
                }
                callers.forEach { $0.cancel() }
                await pool.shutDown(grace: .zero)
                // Most of them: when the machine that all are on stands still, whoever gets no processor loses his place, and nobody foresees it.
                #expect(probes.map(\.error).sorted()[2] <= 0.1)
            }
        }

        /// Two callers at the same moment: one with very little time, one with all of it. Nil when the former was not refused: within a
        /// node the nearest deadline is first, and on a busy machine some slot comes free every few tenths of a second. Nor when the machine
        /// stood still for as long as he had, so that he never came to ask for a slot.
        private static func probe(_ pool: MirrorPool, number: Int) async throws -> Probe? {
            let hasty = Duration.milliseconds(100)
            let began = Instant.now
            async let patient = pool.get("/posts/\(2_900 + number)?patient")
            var told: Duration?
            do {
                _ = try await pool.get("/posts/\(2_950 + number)?hasty", options: CallOptions(deadline: hasty))
            } catch  where error.code == .deadlineExceeded {
                // He had a slot, too late for an answer.
            } catch  where error.code == .coordinatorUnavailable && Instant.now.duration(since: began) >= hasty {
                // Redis had not told yet whether it has the answer.
            } catch {
                #expect(error.code == .noSlotInTime)
                told = Instant.now.duration(since: began) + (try #require(error.retryAfter))
            }
            _ = try await patient
            let had = Instant.now.duration(since: began)
            return told.map { Probe(told: $0, had: had) }
        }
    }
}

extension Scene {
    /// What the workers' pool is configured with, for a member in this process.
    fileprivate func ownConfiguration() -> PoolConfiguration {
        var configuration = PoolConfiguration(
            mirrors: zip(["a", "b"], stage.mirrors).map { name, mirror in
                MirrorConfiguration(url: mirror.url, name: name, limits: [.init(20, per: .seconds(2))])
            })
        configuration.pool = "demo"
        configuration.redis = stage.redis.url
        configuration.timeout = .seconds(2)
        configuration.deadline = .seconds(100)
        return configuration
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

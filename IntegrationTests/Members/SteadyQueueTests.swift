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
            /// For how long the machine that all are on stood still meanwhile: nobody foresees that, and of the slots of that time some are
            /// used afterwards, and some never.
            let lost: Duration
            var error: Double { max(told - had, had - lost - told, .zero) / had }
        }

        /// So many callers wait in each process that a slot is had after some 15 s, in which a place in the line is a second at most: slots
        /// come by the second.
        private static let crowd = 75

        @Test func `in a steady queue of four processes, whoever is refused is told when a slot will be had, within a tenth`() async throws
        {
            try await Scene.play(limit: "10/1s", latency: "5ms..35ms", posts: 5_000) { scene in
                // Ever more posts than there is time for, so that everybody always waits.
                let crew = try await scene.crew(
                    (0..<3).map { index in
                        scene.worker([DemoItems("posts", (index * 1_500 + 1)...(index * 1_500 + 1_500))]) {
                            $0.divides = true
                            $0.callers = Self.crowd
                        }
                    })
                let pool = try await MirrorPool(scene.ownConfiguration())
                let callers = (0..<Self.crowd).map { caller in
                    Task {
                        var post = 0
                        while !Task.isCancelled {
                            _ = try? await pool.get("/posts/\(4_501 + caller)?n=\(post)")
                            post += 1
                        }
                    }
                }
                await crew.go()
                // Steady, that is: as long as who came first has more than his share, nobody can tell what it will be.
                try await scene.wait(forRequests: 8 * Self.crowd)
                let probes = try await Standstill.watched { standstill in
                    try await withThrowingTaskGroup(of: Probe?.self, returning: [Probe].self) { group in
                        for number in 0..<15 {
                            group.addTask { try await Self.probe(pool, number: number, standstill) }
                            try await scene.letPass(.milliseconds(1_230))
                        }
                        return try await group.reduce(into: []) { if let probe = $1 { $0.append(probe) } }
                    }
                }
                callers.forEach { $0.cancel() }
                await pool.shutDown(grace: .zero)
                for probe in probes {
                    let told = Int(probe.told / .milliseconds(1))
                    let had = Int(probe.had / .milliseconds(1))
                    let lost = Int(probe.lost / .milliseconds(1))
                    print(
                        "steady queue: told to come back in \(told) ms, a slot was had after \(had) ms, \(lost) ms of standstill (\(Int(probe.error * 1_000)) ‰ off)"
                    )
                }
                try #require(probes.count >= 5, "hardly anybody was refused")
                for probe in probes { #expect(probe.error <= 0.1) }
            }
        }

        /// Two callers at the same moment: one with very little time, one with all of it. Nil when the former was not refused: within a
        /// node the nearest deadline is first, and on a busy machine some slot comes free every few tenths of a second. Nor when the machine
        /// stood still for as long as he had, so that he never came to ask for a slot.
        private static func probe(_ pool: MirrorPool, number: Int, _ standstill: Standstill) async throws -> Probe? {
            let hasty = Duration.milliseconds(100)
            let began = Instant.now
            let stood = standstill.total
            async let patient = pool.get("/posts/\(4_900 + number)?patient")
            var told: Duration?
            do {
                _ = try await pool.get("/posts/\(4_950 + number)?hasty", options: CallOptions(deadline: hasty))
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
            return told.map { Probe(told: $0, had: had, lost: standstill.total - stood) }
        }
    }
}

extension Scene {
    /// What the workers' pool is configured with, for a member in this process.
    fileprivate func ownConfiguration() -> PoolConfiguration {
        var configuration = PoolConfiguration(
            mirrors: zip(["a", "b"], stage.mirrors).map { name, mirror in
                MirrorConfiguration(url: mirror.url, name: name, limits: [.init(10, per: .seconds(1))])
            })
        configuration.pool = "demo"
        configuration.redis = stage.redis.url
        configuration.timeout = .seconds(2)
        configuration.deadline = .seconds(100)
        return configuration
    }
}

import Foundation
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// G1 and G5 under faults: nothing is over, and every call has its answer.
    struct FaultTests {
        /// Every process wants everything, so that a dead process's calls matter and its fetches can be taken over.
        private func workers(_ scene: Scene, leads: Bool = true) -> [WorkerOptions] {
            (1...4).map { index in
                scene.worker([DemoItems("posts", 1...200)]) {
                    $0.lease = .milliseconds(600)
                    $0.timeout = .seconds(1)
                    $0.leads = leads
                    $0.seed = UInt64(index) * 101
                }
            }
        }

        /// All calls were answered rightly, and no more was asked twice than what died or froze under way.
        private func check(_ tally: CallTally, _ scene: Scene, repeats: Int) async throws {
            #expect(tally.calls == 4 * 4 * 200)
            #expect(tally.wrong == 0)
            #expect(tally.failures.isEmpty)
            #expect(try await scene.requests <= 200 + repeats)
        }

        @Test func `the leader is killed twice and frozen once, and no window is exceeded and no call lost`() async throws {
            try await Scene.play(limit: "20/2s", latency: "20ms") { scene in
                let crew = try await scene.crew(workers(scene))
                await crew.go()
                try await scene.wait(forRequests: 50)
                let first = try await scene.leader()
                #expect(try await crew.killAndReplace(first))
                try await scene.wait(forRequests: 90)
                let second = try await scene.leader(after: first)
                #expect(try await crew.killAndReplace(second))
                try await scene.wait(forRequests: 130)
                let third = try await scene.leader(after: second)
                #expect(await crew.signal(SIGSTOP, to: third))
                // Longer than its lease and than a request may take: whatever it held is others' when it wakes.
                let fourth = try await scene.leader(after: third)
                try await scene.stage.loop.sleep(until: Instant.now.advanced(by: .milliseconds(1_500)))
                #expect(await crew.signal(SIGCONT, to: third))
                #expect(fourth != third)
                try await check(try await scene.finish(crew), scene, repeats: 3 * 4)
                #expect(try await scene.stage.elections() >= 4)
            }
        }

        @Test func `without any leader processes are killed twice and frozen once, and no window is exceeded and no call lost`()
            async throws
        {
            try await Scene.play(limit: "20/2s", latency: "20ms") { scene in
                let crew = try await scene.crew(workers(scene, leads: false))
                await crew.go()
                try await scene.wait(forRequests: 50)
                #expect(try await crew.killAndReplace(await crew.processIdentifiers[0]))
                try await scene.wait(forRequests: 90)
                #expect(try await crew.killAndReplace(await crew.processIdentifiers[1]))
                try await scene.wait(forRequests: 130)
                let frozen = await crew.processIdentifiers[2]
                #expect(await crew.signal(SIGSTOP, to: frozen))
                try await scene.stage.loop.sleep(until: Instant.now.advanced(by: .milliseconds(2_000)))
                #expect(await crew.signal(SIGCONT, to: frozen))
                try await check(try await scene.finish(crew), scene, repeats: 3 * 4)
                #expect(try await scene.stage.leader() == nil)
                #expect(try await scene.stage.elections() == 0)
            }
        }

        /// How Redis can lose everything.
        enum Loss: CaseIterable {
            case flushed, restarted
        }

        @Test(arguments: Loss.allCases)
        func `Redis loses all data under load, and no window is exceeded and no call lost`(loss: Loss) async throws {
            try await Scene.play(limit: "20/2s", latency: "20ms") { scene in
                let crew = try await scene.crew(
                    (0..<4).map { index in
                        scene.worker([DemoItems("posts", (index * 40 + 1)...(index * 40 + 40))]) {
                            $0.lease = .milliseconds(600)
                            $0.timeout = .seconds(1)
                            $0.divides = true
                        }
                    })
                await crew.go()
                try await scene.wait(forRequests: 60)
                switch loss {
                case .flushed: try await scene.stage.redis.cli("FLUSHALL")
                case .restarted: try await scene.stage.redis.restart(keepingData: false)
                }
                let tally = try await scene.finish(crew)
                #expect(tally.calls == 160)
                #expect(tally.wrong == 0)
                #expect(tally.failures.isEmpty)
                // Fetches under way when the data went may have lost their claim to the key.
                #expect(try await scene.requests <= 160 + 16)
            }
        }
    }
}

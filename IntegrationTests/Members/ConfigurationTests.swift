import Foundation
import Sluice
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// Processes of one pool that are configured differently.
    struct ConfigurationTests {
        @Test func `where some processes would allow a mirror more than it bears, the strictest counts, and all of them say so`()
            async throws
        {
            try await Scene.play(limit: "10/2s", latency: "10ms", posts: 80) { scene in
                let limits = ["30/2s", "10/2s", "30/2s", "10/2s"]
                let crew = try await scene.crew(
                    limits.enumerated().map { index, limit in
                        scene.worker([DemoItems("posts", (index * 20 + 1)...(index * 20 + 20))]) {
                            $0.divides = true
                            $0.limit = limit
                        }
                    })
                try await scene.waitUntilAllKnow(of: 2, processes: 4)
                await crew.go()
                let tally = try await scene.finish(crew)
                #expect(tally.calls == 80)
                #expect(tally.failures.isEmpty)
                // That no mirror was asked too often is for the scene to see: each would have banned us.
                let complaints = await crew.complaints
                for name in ["a", "b"] {
                    let lax =
                        "mirror \(name): this process is configured with 30/2s, and is held to the strictest, 10/2s; other processes of the pool have 10/2s"
                    let strict =
                        "mirror \(name): this process is configured with 10/2s, which is the strictest and counts for all; other processes of the pool have 30/2s"
                    #expect(complaints.split(separator: lax, omittingEmptySubsequences: false).count == 3, "\(complaints)")
                    #expect(complaints.split(separator: strict, omittingEmptySubsequences: false).count == 3, "\(complaints)")
                }
                let status = try await ChildProcess.run(
                    scene.stage.program, ["status", "--redis", scene.stage.redis.url, "--pool", "demo"])
                #expect(status.standardOutput.contains("mirror a is configured differently: 10/2s; 30/2s; the strictest counts"))
                #expect(
                    status.standardOutput.components(separatedBy: "is configured with a: 30/2s; b: 30/2s; what counts is a: 10/2s").count
                        == 3)
                #expect(
                    status.standardOutput.components(separatedBy: "is configured with a: 10/2s; b: 10/2s; what counts is a: 10/2s").count
                        == 3)
            }
        }

        @Test func `a stricter process that joins under load is never let down: no request leaves above its limit from then on`()
            async throws
        {
            let window = Duration.seconds(2)
            try await Scene.play(limit: "30/2s", latency: "10ms", posts: 220) { scene in
                func worker(_ index: Int, _ limit: String) -> WorkerOptions {
                    scene.worker([DemoItems("posts", (index * 80 + 1)...(index * 80 + (index == 2 ? 10 : 80)))]) {
                        $0.divides = true
                        $0.limit = limit
                    }
                }
                let crew = try await scene.crew([worker(0, "30/2s"), worker(1, "30/2s")])
                await crew.go()
                try await scene.wait(forRequests: 70)
                let newcomer = try await scene.crew([worker(2, "10/2s")])
                await newcomer.go()
                try await scene.waitUntilAllKnow(of: 2, processes: 3)
                let known = Instant.now
                _ = try await scene.finish(newcomer)
                let tally = try await scene.finish(crew)
                #expect(tally.calls == 160)
                var later = 0
                for arrivals in try await scene.arrivals() {
                    for (place, arrival) in arrivals.enumerated() where arrival > known {
                        later += 1
                        let recent = arrivals[...place].count { $0.advanced(by: window) > arrival }
                        #expect(recent <= 10, "\(recent) requests within \(window)")
                    }
                }
                print("after the stricter process was known, \(later) requests, none above its limit")
                #expect(later > 20)
            }
        }

        @Test func `a mirror that only one process knows is used by that one`() async throws {
            try await Scene.play(limit: "10/2s", latency: "10ms", posts: 120, mirrors: 3) { scene in
                let crew = try await scene.crew(
                    (0..<3).map { index in
                        scene.worker([DemoItems("posts", (index * 40 + 1)...(index * 40 + 40))]) {
                            $0.divides = true
                            if index != 2 { $0.mirrors.removeLast() }
                        }
                    })
                await crew.go()
                let tally = try await scene.finish(crew)
                #expect(tally.calls == 120)
                #expect(tally.failures.isEmpty)
                let requests = try await scene.stage.reports().map(\.requests)
                print("requests at a, b, and at c, which only one of three processes knows: \(requests)")
                #expect(requests.reduce(0, +) == 120)
                #expect(requests[2] >= 20)
            }
        }
    }
}

extension Scene {
    /// Waits until so many processes say that so many mirrors are configured differently.
    fileprivate func waitUntilAllKnow(of mirrors: Int, processes: Int) async throws {
        try await stage.wait(for: "every process's knowing that others are configured differently", patience: .seconds(20)) {
            let nodes = try await PoolStatus.read(pool: "demo", redis: stage.redis.url).nodes
            return nodes.count { $0.fields["limits_differing"] == "\(mirrors)" } == processes
        }
    }
}

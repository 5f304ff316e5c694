import Foundation
import SluiceCommand
import SluiceLoop
import Testing

extension Faults {
    /// Real mirrors that count otherwise than their limit says, or whose quota strangers use too, and real processes that want more than
    /// there is. The rules themselves are tried over hundreds of windows in virtual time; this shows that they hold in the product.
    struct RefusalTests {
        @Test(arguments: [
            (["--algorithm", "counter"], 1.0, 0.75), (["--algorithm", "bucket:4"], 1.0, 0.8), (["--strangers", "10/1s"], 0.5, 0.7),
        ])
        func `after the first refusals few more follow, and no call is lost`(
            options: [String], quota: Double, share: Double
        ) async throws {
            let count = 20
            let posts = Int(Double(count * 16) * quota)
            let processes = 4
            // Nobody is banned: the mirror refuses, and says truly when to come back.
            let extra = options + ["--block", "0s"]
            try await Scene.play(limit: "\(count)/1s", latency: "20ms", posts: posts, mirrors: 1, extra: [extra]) { scene in
                let part = posts / processes
                let crew = try await scene.crew(
                    (0..<processes).map { index in
                        scene.worker([DemoItems("posts", (index * part + 1)...(index * part + part))]) {
                            $0.lease = .milliseconds(600)
                            $0.timeout = .seconds(10)
                            $0.divides = true
                        }
                    })
                await crew.go()
                let tally = try await scene.finish(crew)
                let mirror = scene.stage.mirrors[0]
                let accepted = try await mirror.arrivals(answered: 200)
                let refused = try await mirror.arrivals(answered: 429)
                let first = try #require(accepted.first)
                let last = try #require(accepted.last)
                let span = Double(last.microseconds(since: first)) / 1_000_000
                let used = Double(accepted.count) / (span + 1) / Double(count) / quota
                let half = first.advanced(byMicroseconds: last.microseconds(since: first) / 2)
                let late = refused.count { $0 > half }
                FaultTable.print(
                    "\(options.joined(separator: " ")), \(count)/1s, \(processes) processes: \(tally.calls) of \(posts) calls answered; "
                        + "\(refused.count) requests refused, \(late) of them in the second half of \(String(format: "%.1f", span)) s; "
                        + "\(String(format: "%.1f", used * 100)) % of what there was")
                #expect(tally.calls == posts)
                #expect(tally.wrong == 0)
                #expect(tally.failures.isEmpty, "\(tally.failures.prefix(3))")
                #expect(accepted.count == posts)
                #expect(!refused.isEmpty)
                // The first burst, and then once for each time that a level is tried again.
                #expect(refused.count <= 30)
                #expect(late <= 5)
                // A slow machine uses less of it.
                #expect(used > share / 2)
                let complaints = await crew.complaints
                #expect(complaints.contains("refused a request within its limits"))
                #expect(complaints.contains("of \(count)/1s and paced"))
            }
        }
    }
}

import Foundation
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Faults {
    /// A mirror that fails is left alone by the whole pool, and tried by one request at a time; counted at the mirror.
    struct CircuitTests {
        @Test func `five processes send a failing mirror one probe at a time, each twice as late as the one before`() async throws {
            var run = FaultRun("mirror fails each request; probes are counted")
            run.mirrors = [["--misbehave", "hang-up"]]
            run.judged = 1..<2
            run.repeats = 60
            try await run.play { scene, crew in
                try await scene.stage.wait(for: "four probes", patience: .seconds(60), every: .milliseconds(100)) {
                    try await probes(at: scene.stage.mirrors[0]).count >= 4
                }
                let gaps = try await probes(at: scene.stage.mirrors[0])
                FaultTable.print(
                    "probes of a failing mirror, by 5 processes: after \(gaps.map { "\($0 / 1_000) ms" }.joined(separator: ", "))")
                // The first gap is from what failed before the circuit opened, and what had its slot by then may have left a little after that.
                for (place, gap) in gaps.enumerated().dropFirst() {
                    #expect(gap >= 480_000 << Int64(place), "probe \(place + 1) came \(gap / 1_000) ms after the request before it")
                }
                #expect(await crew.complaints.contains("mirror a fails: the pool's circuit is open"))
            }
        }

        @Test func `a mirror that dies is missed by nobody, and is used again soon after it is back`() async throws {
            var run = FaultRun("mirror dead for three seconds, and back")
            run.posts = 200
            run.repeats = 60
            run.judged = 1..<2
            try await run.play { scene, crew in
                let mirror = scene.stage.mirrors[0]
                // The judge dies with it: what it has seen so far.
                #expect(try await mirror.report().violations == 0)
                await mirror.stop()
                try await scene.stage.wait(for: "an open circuit", patience: .seconds(30)) {
                    try await ["open", "probing"].contains(figure("circuit", of: "a", scene))
                }
                try await scene.letPass(.seconds(3))
                try await mirror.restart(adding: [])
                let back = Instant.now
                try await scene.stage.wait(for: "requests at the mirror that is back", patience: .seconds(40)) {
                    try await mirror.report().requests >= 8
                }
                FaultTable.print("a dead mirror that is back is used again after \(Instant.now.microseconds(since: back) / 1_000) ms")
                // One probe, and when it was answered the rest.
                let arrivals = try await mirror.arrivals()
                #expect(arrivals[1].microseconds(since: arrivals[0]) >= 15_000)
                try await scene.stage.wait(for: "a closed circuit", patience: .seconds(30)) {
                    try await figure("circuit", of: "a", scene) == "closed"
                }
                #expect(await crew.complaints.contains("mirror a answers again: the pool's circuit is closed"))
            }
        }

        @Test func `a mirror that fails every other request loses most of them to the other`() async throws {
            var run = FaultRun("mirror fails every other request")
            run.mirrors = [["--misbehave", "hang-up:2"]]
            run.judged = 1..<2
            run.repeats = 120
            try await run.play { _, _ in }
        }

        /// What was sent one at a time: how long after the request before it each came, in µs.
        private func probes(at mirror: MirrorProcess) async throws -> [Int64] {
            let arrivals = try await mirror.arrivals()
            let gaps = zip(arrivals, arrivals.dropFirst()).map { $1.microseconds(since: $0) }
            // Before the circuit opened they came as they liked, also with a gap where the machine stood still.
            let last = gaps.lastIndex { $0 < 400_000 }
            return Array(gaps[(last.map { $0 + 1 } ?? 0)...])
        }

        /// A figure of a mirror, as the pool shows it to everybody.
        private func figure(_ name: String, of mirror: String, _ scene: Scene) async throws -> String {
            try await scene.stage.redis.cli("HGET", "sluice:{demo}:metrics:mirror:\(mirror)", name)
        }
    }
}

import Foundation
import Sluice
import SluiceGateway
import SluiceHarness
import SluiceMirror
import Testing

/// Mutated requests against a real gateway on real sockets. `FUZZ_SECONDS=600 FUZZ_SEED=7 swift test --filter GatewayFuzzTests` plays longer.
@Suite(.timeLimit(.minutes(60)))
struct GatewayFuzzTests {
    private static func setting(_ name: String, _ standard: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init) ?? standard
    }

    @Test func `whatever is sent, the gateway answers properly or closes, and serves others meanwhile`() async throws {
        let seconds = Self.setting("FUZZ_SECONDS", 4)
        let seed = Self.setting("FUZZ_SEED", 1)
        var sent = 0
        let route = PoolConfiguration.Route(path: "/get_todos/{id}", upstream: "/todos/{id}")
        try await Rig.run(
            limit: .init(10_000_000, per: .seconds(60)), pool: { $0.deadline = .seconds(30) },
            gateway: { ($0.routes, $0.idleTimeout, $0.accessLog) = ([route], .seconds(5), { _ = $0.combined }) }
        ) { rig in
            let good = try await rig.client().get("/posts/1").body
            let limit = ContinuousClock.now + .seconds(seconds)
            sent = try await withThrowingTaskGroup(of: Int.self) { group in
                // Most of them wait for the end of a connection that is idle.
                for worker in 0..<96 {
                    group.addTask {
                        var mutator = RequestMutator(seed: seed &* 1_000 &+ UInt64(worker))
                        var round = 0
                        // At least one, however busy the machine is.
                        while round == 0 || ContinuousClock.now < limit {
                            try await Self.play(
                                mutator.next(), ending: mutator.endsSending(), rig, "seed \(seed), worker \(worker), round \(round)")
                            round += 1
                            guard (round + worker) % 8 == 0 else { continue }
                            let answer = try await rig.client().get("/posts/1")
                            #expect(answer.status == 200 && answer.body == good)
                        }
                        return round
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(try await rig.client().get("/-/health").status == 200)
            let stats = await rig.mirror.stats
            #expect(stats.violations == 0)
            print(
                "fuzz: \(sent) connections in \(seconds) s, seed \(seed), \(stats.requests) requests reached the mirror"
            )
        }
        #expect(sent > 0)
    }

    /// Sends the pieces on a connection of their own, and judges all that comes back until the gateway closes it. It has 20 s.
    private static func play(_ pieces: [[UInt8]], ending: Bool, _ rig: Rig, _ name: String) async throws {
        func complain(_ what: String) {
            let bytes = String(decoding: pieces.joined(), as: UTF8.self)
            Issue.record("\(name): \(what)\nwhat was sent: \(bytes.prefix(3_000).debugDescription)")
        }
        let client = try rig.client()
        // The gateway may close before it has read all.
        for piece in pieces { do { try client.send(piece) } catch { break } }
        if ending { client.finishSending() }
        do {
            let bytes = try await client.restBytes()
            if let fault = AnswerStream.fault(in: bytes, isCut: client.wasReset) { complain(fault) }
        } catch {
            complain("neither an answer nor an end: \(error)")
        }
    }
}

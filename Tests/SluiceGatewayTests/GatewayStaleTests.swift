import Sluice
import SluiceHarness
import SluiceLoop
import SluiceServer
import Synchronization
import Testing

/// Old answers while mirrors fail.
@Suite(.timeLimit(.minutes(10)))
struct GatewayStaleTests {
    @Test(arguments: [false, true])
    func `an old answer is given at once, not at the deadline, while the mirror fails, and a new one when it is well`(
        withRedis: Bool
    ) async throws {
        let status = Mutex(200)
        let mirror = try await ScriptedMirror { _ in
            let status = status.withLock { $0 }
            // Never fresh: each call asks the mirror, and what it said last is for failures.
            let fields = [(name: "Cache-Control", value: "max-age=0, stale-if-error=6000")]
            return .now(ServerResponse(status: status, headers: fields, body: Array("\(status)".utf8)))
        }
        // No call comes near its deadline.
        try await Rig.run(
            redis: withRedis,
            pool: {
                $0.mirrors[0].url = mirror.url
                $0.deadline = .seconds(200)
            }
        ) { rig in
            let other = withRedis ? try await MirrorPool(rig.configuration) : nil
            #expect(try await rig.pool.get("/a").text == "200")
            status.withLock { $0 = 503 }
            let began = ContinuousClock.now
            for _ in 0..<8 {
                let answer = try await rig.pool.get("/a")
                #expect(answer.text == "200" && answer.isStale)
            }
            if let other {
                // It has sent nothing, and hears of the circuit from others.
                try await eventually("word of it at the other process") {
                    let asked = ContinuousClock.now
                    let answer = try await other.get("/a")
                    return answer.isStale && ContinuousClock.now - asked < .seconds(3)
                }
            }
            #expect(ContinuousClock.now - began < .seconds(60))
            status.withLock { $0 = 203 }
            try await eventually("the mirror's recovery") { try await rig.pool.get("/a").text == "203" }
            await other?.shutDown(grace: .zero)
        }
        await mirror.shutDown()
    }
}

import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Faults {
    /// What can happen to Redis, or to the connections to it.
    struct RedisFaultTests {
        /// A fault that `disturb` brings about.
        enum Fault: String, CaseIterable, CustomTestStringConvertible {
            case flushed = "FLUSHALL"
            case emptied = "Redis killed and restarted empty"
            case restarted = "Redis killed and restarted with its append-only file"
            case paused = "CLIENT PAUSE for 2.5 windows"
            case frozen = "Redis frozen for 2.5 windows"
            case everybodyKilled = "CLIENT KILL of every connection, three times"
            case subscribersKilled = "CLIENT KILL of the subscribers, three times"
            case damaged = "the ledger overwritten with rubbish, three times"
            case full = "Redis out of memory for 2.5 windows"
            case readOnly = "Redis takes no writes for 2.5 windows"

            var testDescription: String { rawValue }
        }

        private static let pause = Duration.milliseconds(2_500)

        @Test(arguments: Fault.allCases)
        func `Redis fails in one of its ways under load, and no window is exceeded and no call lost`(fault: Fault) async throws {
            var run = FaultRun(fault.rawValue)
            if fault == .restarted { run.redis.appendOnly = true }
            try await run.play { scene, _ in
                let redis = scene.stage.redis
                switch fault {
                case .flushed: try await redis.cli("FLUSHALL")
                case .emptied: try await redis.restart(keepingData: false)
                case .restarted: try await redis.restart(keepingData: true)
                case .paused: try await redis.cli("CLIENT", "PAUSE", "\(Self.pause.microseconds / 1_000)", "ALL")
                case .frozen:
                    redis.pause()
                    try await scene.letPass(Self.pause)
                    redis.resume()
                case .everybodyKilled:
                    try await again(scene) {
                        for kind in ["normal", "pubsub"] { try await redis.cli("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes") }
                    }
                case .subscribersKilled:
                    try await again(scene) {
                        let killed = try await redis.cli("CLIENT", "KILL", "TYPE", "pubsub")
                        #expect(Int(killed) ?? 0 > 0, "there was no subscriber to lose: \(killed)")
                    }
                case .damaged:
                    let ledger = try await redis.cli("--scan", "--pattern", "*:ledger")
                    let damages = [("meta", "rubbish"), ("open:a", "rubbish"), ("meta", "")]
                    var next = damages.makeIterator()
                    try await again(scene) {
                        let (field, text) = next.next()!
                        let added = try await redis.cli("HSET", ledger, field, text)
                        #expect(added == "0", "there is no \(field) to be damaged")
                    }
                case .full:
                    try await redis.cli("CONFIG", "SET", "maxmemory", "1")
                    #expect(try await redis.cli("SET", "probe", "1").hasPrefix("OOM"))
                    try await scene.letPass(Self.pause)
                    try await redis.cli("CONFIG", "SET", "maxmemory", "0")
                case .readOnly:
                    try await redis.cli("CONFIG", "SET", "min-replicas-to-write", "1")
                    #expect(try await redis.cli("SET", "probe", "1").hasPrefix("NOREPLICAS"))
                    try await scene.letPass(Self.pause)
                    try await redis.cli("CONFIG", "SET", "min-replicas-to-write", "0")
                }
            }
        }

        /// Three times, each some requests after the other.
        private func again(_ scene: Scene, _ disturb: () async throws -> Void) async throws {
            for round in 0..<3 {
                try await scene.wait(forRequests: 40 + round * 20)
                try await disturb()
            }
        }

        @Test func `the clock of Redis' host is set forward and back by an hour, and frees no slot early and freezes none`() async throws {
            var run = FaultRun("Redis' clock an hour forward, back, and back again")
            run.redis.hasSettableClock = true
            // Whoever was fetching goes on: nobody asks again.
            run.repeats = 8
            try await run.play { scene, _ in
                for (step, hours) in [1, 0, -1, 0].enumerated() {
                    try await scene.wait(forRequests: 40 + step * 25)
                    try await scene.stage.redis.stepClock(by: .seconds(hours * 3_600))
                }
            }
        }
    }
}

import SluiceHarness
import Testing

extension Integration {
    /// A pool whose other processes run another release.
    struct VersionTests {
        @Test func `a command of another release says what is wrong and what to do, and harms nothing`() async throws {
            try await CommandScene.play { scene in
                #expect(try await scene.run("get", "/posts/1").ending == .exited(0))
                let ledger = "sluice:{command}:ledger"
                #expect(try await scene.redis.cli("HGET", ledger, "protocol") == "3")
                // As if the pool had been begun by a later release.
                try await scene.redis.cli("HSET", ledger, "protocol", "4")
                let before = try await scene.redis.cli("HGETALL", ledger)
                let refused = try await scene.run("get", "/posts/2")
                #expect(refused.ending == .exited(1))
                #expect(refused.standardOutput.isEmpty)
                #expect(refused.standardError.contains("speak version 4 of the coordination protocol, and this one speaks version 3"))
                #expect(refused.standardError.contains("Run the same release of Sluice in all processes of the pool"))
                #expect(try await scene.redis.cli("HGETALL", ledger) == before)
                try await scene.redis.cli("HSET", ledger, "protocol", "3")
                #expect(try await scene.run("get", "/posts/2").ending == .exited(0))
            }
        }
    }
}

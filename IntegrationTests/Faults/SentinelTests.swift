import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Faults {
    /// A pool that finds its Redis through sentinels.
    struct SentinelTests {
        @Test func `a replica that missed the last writes is promoted by Sentinel, and no window is exceeded and no call lost`()
            async throws
        {
            let password = "secret"
            let replicated = ["--masterauth", password, "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]
            let master = try await RedisServer(.init(password: password, extraArguments: replicated))
            let replica = try await RedisServer(
                .init(password: password, extraArguments: replicated + ["--replicaof", "127.0.0.1", "\(master.port)"]))
            let sentinel = try await RedisSentinel(watching: master.port, password: password)
            // The first sentinel of the URL is dead, as one may be.
            let url = "redis+sentinel://:\(password)@127.0.0.1:\(try FreePort.next()),127.0.0.1:\(sentinel.port)/\(RedisSentinel.master)/0"

            let run = FaultRun("replica promoted by Sentinel, last second lost")
            try await run.play(redis: { _ in url }) { scene, _ in
                // Locked out, the replica hears nothing more of its master, who goes on for a while.
                try await replica.cli("CONFIG", "SET", "masterauth", "wrong")
                try await master.cli("CLIENT", "KILL", "TYPE", "replica")
                let before = try await scene.requests
                try await scene.wait(forRequests: before + 30)
                #expect(try await replica.cli("INFO", "replication").contains("master_link_status:down"))
                await master.kill()
                try await scene.stage.wait(for: "the replica's promotion", patience: .seconds(30)) {
                    try await sentinel.masterPort() == replica.port
                }
            }
            #expect(try await replica.cli("ROLE").hasPrefix("master"))
            await sentinel.stop()
            await replica.stop()
        }
    }
}

import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

extension Faults {
    /// Two hosts, as network namespaces. One loses Redis and keeps the mirrors: a split brain, if there was one to be had.
    @Suite(.enabled(if: NetworkHosts.obstacle == nil, "\(NetworkHosts.obstacle ?? "")"))
    struct NetworkFaultTests {
        /// Which host is cut off.
        enum Role: String, CaseIterable { case follower, leader }

        @Test(arguments: Role.allCases)
        func `a host is cut off from Redis for longer than the window, with the mirrors in reach, and comes back`(role: Role)
            async throws
        {
            let hosts = try NetworkHosts(2)
            defer { hosts.close() }
            var run = FaultRun("host of \(role == .leader ? "the leader" : "followers") cut off from Redis for three windows")
            run.processes = 6
            // So many that no process is through with its calls before the last word about who goes on, on a slow machine either: it
            // has that some three seconds after the fault, and each host enough for ten.
            run.posts = 540
            run.host = hosts.steady
            run.redis.alsoBinds = [hosts.severable]
            run.launcher = { hosts.launcher($0 % 2) }
            // Calls that wait for a slot outlive the time without Redis.
            try await run.play(redis: { "redis://\(hosts.severable):\($0.stage.redis.port)" }) { scene, crew in
                let leader = try await scene.leader()
                let place = try #require(await crew.processIdentifiers.firstIndex(of: leader))
                let victim = role == .leader ? place % 2 : 1 - place % 2
                try hosts.cutOff(victim)
                #expect(try await !sees(hosts, victim, scene))
                #expect(try await sees(hosts, 1 - victim, scene))
                try await scene.letPass(.milliseconds(1_500))
                // What the victim had been granted, for two seconds, is spent by now: it is the other host that goes on.
                let before = try await scene.requests
                try await scene.wait(forRequests: before + 1)
                // Whoever leads by now is there, too.
                let next = try #require(await crew.processIdentifiers.firstIndex(of: try await scene.leader()))
                #expect(next % 2 != victim)
                try await scene.letPass(.milliseconds(1_500))
                try hosts.restore(victim)
                #expect(try await sees(hosts, victim, scene))
            }
        }

        /// Whether Redis answers a host.
        private func sees(_ hosts: NetworkHosts, _ host: Int, _ scene: Scene) async throws -> Bool {
            let words = ["timeout", "1", "redis-cli", "-h", hosts.severable, "-p", "\(scene.stage.redis.port)", "PING"]
            let launcher = hosts.launcher(host)
            return try await ChildProcess.run(launcher[0], launcher.dropFirst() + words).standardOutput == "PONG\n"
        }
    }
}

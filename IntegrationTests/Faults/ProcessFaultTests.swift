import Foundation
import SluiceCommand
import SluiceLoop
import Testing

extension Faults {
    /// Processes that die and processes that stand still.
    struct ProcessFaultTests {
        @Test func `the leader is killed twice and frozen once, and no window is exceeded and no call lost`() async throws {
            try await FaultRun("leader killed, the next killed, the third frozen").play { scene, crew in
                let first = try await scene.leader()
                #expect(try await crew.killAndReplace(first))
                try await scene.wait(forRequests: 70)
                let second = try await scene.leader(after: first)
                #expect(try await crew.killAndReplace(second))
                try await scene.wait(forRequests: 100)
                let third = try await scene.leader(after: second)
                #expect(await crew.signal(SIGSTOP, to: third))
                // Longer than its lease and than a request may take: whatever it held is others' when it wakes.
                let fourth = try await scene.leader(after: third)
                try await scene.letPass(.milliseconds(1_500))
                #expect(await crew.signal(SIGCONT, to: third))
                #expect(fourth != third)
                #expect(try await scene.stage.elections() >= 4)
            }
        }

        @Test func `without any leader processes are killed twice and frozen once, and no window is exceeded and no call lost`()
            async throws
        {
            var run = FaultRun("no leader ever; two killed, one frozen")
            run.change = { $0.leads = false }
            try await run.play { scene, crew in
                #expect(try await crew.killAndReplace(await crew.processIdentifiers[0]))
                try await scene.wait(forRequests: 70)
                #expect(try await crew.killAndReplace(await crew.processIdentifiers[1]))
                try await scene.wait(forRequests: 100)
                let frozen = await crew.processIdentifiers[2]
                #expect(await crew.signal(SIGSTOP, to: frozen))
                try await scene.letPass(.seconds(2))
                #expect(await crew.signal(SIGCONT, to: frozen))
                #expect(try await scene.stage.leader() == nil)
                #expect(try await scene.stage.elections() == 0)
            }
        }

        @Test func `a follower is killed while its requests are under way, which count all the same`() async throws {
            var run = FaultRun("follower killed in mid-request")
            run.processes = 4
            run.latency = "500ms"
            run.change = { $0.timeout = .milliseconds(1_500) }
            try await run.play { scene, crew in
                let leader = try await scene.leader()
                let follower = try #require(await crew.processIdentifiers.first { $0 != leader })
                // More than three processes of four callers can have under way, so one at least is the follower's.
                try await scene.stage.wait(for: "a full house", patience: .seconds(30), every: .milliseconds(5)) {
                    try await scene.stage.reports().reduce(0) { $0 + $1.inFlight } > 12
                }
                #expect(try await crew.killAndReplace(follower))
            }
        }

        @Test func `all processes are killed at once and start again, and what the dead had under way still counts`() async throws {
            try await FaultRun("all processes killed at once and restarted").play { _, crew in try await crew.killAllAndReplace() }
        }

        /// Who stands still.
        enum Role: String, CaseIterable { case leader, follower }

        @Test(arguments: Role.allCases)
        func `a process stands still for longer than lease and window, wakes, and does nothing that it may not`(role: Role)
            async throws
        {
            var run = FaultRun("\(role) frozen for three windows")
            run.processes = 8
            try await run.play { scene, crew in
                let leader = try await scene.leader()
                let frozen = try #require(await crew.processIdentifiers.first { ($0 == leader) == (role == .leader) })
                #expect(await crew.signal(SIGSTOP, to: frozen))
                try await scene.letPass(.seconds(3))
                #expect(await crew.signal(SIGCONT, to: frozen))
                if role == .leader { #expect(try await scene.leader() != frozen) }
            }
        }
    }
}

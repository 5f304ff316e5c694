import Foundation
import SluiceHarness
import Synchronization
import Testing

extension Integration {
    /// The row **serial**: one service in three processes, whose work runs one at a time.
    struct SerialExampleTests {
        private static let work = 0.25

        /// An answer of `GET /test`.
        private struct Reply: Decodable {
            var elapsed: Double
            var token: Int64
            var process: Int32
        }

        private final class Count: Sendable {
            private let state = Mutex(0)
            var value: Int { state.withLock { $0 } }
            func grow() { state.withLock { $0 += 1 } }
        }

        /// Three processes on one Redis; all are gone afterwards.
        private func play(
            work: String = "250ms", lease: String = "20s",
            _ test: (_ redis: RedisServer, _ services: [ChildProcess], _ ports: [UInt16]) async throws -> Void
        ) async throws {
            let redis = try await RedisServer()
            var services: [ChildProcess] = []
            var ports: [UInt16] = []
            var failure: (any Error)?
            do {
                for _ in 0..<3 {
                    services.append(
                        try ChildProcess(
                            try PostSerialSemaphorePrograms.path("serial"),
                            environment: ["SLUICE_REDIS_URL": redis.url, "SERIAL_WORK": work, "SERIAL_LEASE": lease]))
                }
                for service in services {
                    try await service.waitForOutput(containing: "\n")
                    let port = service.standardOutput.split(separator: ":").last?.dropLast()
                    ports.append(try #require(port.flatMap { UInt16($0) }))
                }
                try await test(redis, services, ports)
            } catch { failure = error }
            for service in services { await service.kill() }
            await redis.stop()
            if let failure { throw failure }
        }

        private static func call(_ port: UInt16, start: String? = nil) async throws -> Reply {
            let answer = try await RawClient(port).get("/test", start.map { "X-Request-Start: \($0)\r\n" } ?? "")
            #expect(answer.status == 200, "\(answer.body)")
            return try JSONDecoder().decode(Reply.self, from: Data(answer.body.utf8))
        }

        private func until(_ what: String, _ holds: () async throws -> Bool) async throws {
            let limit = ContinuousClock.now + .seconds(30)
            while try await !holds() {
                try #require(ContinuousClock.now < limit, "\(what): that did not come about")
                try await Task.sleep(for: .milliseconds(2))
            }
        }

        @Test(arguments: [2, 4, 8]) func `n calls at once over three processes are answered one after another`(n: Int) async throws {
            try await play { _, services, ports in
                let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
                    let start = "t=\(Date.now.timeIntervalSince1970)"
                    for call in 0..<n { group.addTask { try await Self.call(ports[call % 3], start: start) } }
                    var replies: [Reply] = []
                    for try await reply in group { replies.append(reply) }
                    return replies.sorted { $0.elapsed < $1.elapsed }
                }
                #expect(replies.count == n)
                #expect(Set(replies.map(\.process)).count == min(n, 3))
                let elapsed = replies.map(\.elapsed)
                print("serial, n = \(n): \(elapsed.map { ($0 * 1_000).rounded() / 1_000 })")
                for (earlier, later) in zip(elapsed, elapsed.dropFirst()) { #expect(later - earlier >= Self.work) }
                #expect(replies.map(\.token) == replies.map(\.token).sorted())
                _ = services
            }
        }

        @Test func `a start that makes no sense is not believed`() async throws {
            try await play { _, _, ports in
                for start in ["t=99999999999", "t=1", "t=-1", "t=nan", "t=", "soon"] {
                    let elapsed = try await Self.call(ports[0], start: start).elapsed
                    #expect(elapsed >= Self.work && elapsed < 60, "\(start): \(elapsed)")
                }
            }
        }

        @Test func `callers are answered in the order in which they came, whichever process they came to`() async throws {
            try await play { redis, services, ports in
                var calls: [Task<Reply, any Error>] = []
                let answered = Count()
                for turn in 0..<5 {
                    let port = ports[(turn * 2) % 3]
                    calls.append(
                        Task {
                            let reply = try await Self.call(port)
                            answered.grow()
                            return reply
                        })
                    try await until("call \(turn) has its place") {
                        let before = answered.value
                        let waiting = try await redis.cli("ZCARD", "sluice:{default}:lock:serial:waiters")
                        let holding = try await redis.cli("ZCARD", "sluice:{default}:lock:serial:holders")
                        return before + (Int(waiting) ?? 0) + (Int(holding) ?? 0) >= turn + 1
                    }
                }
                var tokens: [Int64] = []
                for call in calls { tokens.append(try await call.value.token) }
                #expect(tokens == tokens.sorted())
                _ = services
            }
        }

        @Test func `a process that is killed at its work delays the next by no more than its lease`() async throws {
            // Work so long that it is not done before the process is killed, however slow the machine is.
            try await play(work: "10s", lease: "12s") { redis, services, ports in
                let doomed = Task { try await Self.call(ports[0]) }
                try await until("the first works") { try await redis.cli("ZCARD", "sluice:{default}:lock:serial:holders") == "1" }
                let next = Task { try await Self.call(ports[1]) }
                try await until("the second waits") { try await redis.cli("ZCARD", "sluice:{default}:lock:serial:waiters") == "1" }
                let killed = ContinuousClock.now
                await services[0].kill()
                _ = try await next.value
                let delay = ContinuousClock.now - killed
                print("serial: answered \(delay) after the holder was killed; lease 12 s, work 10 s")
                // Another lease would be twelve seconds more.
                #expect(delay <= .seconds(12) + .seconds(10) + .seconds(9))
                await #expect(throws: (any Error).self) { try await doomed.value }
            }
        }
    }
}

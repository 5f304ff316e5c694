import Foundation
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// Refresh ahead by several processes: their clients never wait, and the mirrors are asked once a life.
    struct RefreshProcessTests {
        /// How long an answer is fresh, and the part of that in which it is refreshed.
        private static let life = Duration.seconds(8)
        private static let lastFifth = Duration.milliseconds(1_600)
        /// Between two answers on a machine that does something; a tenth of what a refresh has.
        private static let stall = Duration.milliseconds(160)

        @Test func `two gateways that are asked for the same all the time ask the mirrors once for each of its lives`() async throws {
            try await CommandScene.play(limit: "100/2s") { scene in
                var gateways: [ChildProcess] = []
                var clients: [RawClient] = []
                for _ in 0..<2 {
                    let gateway = try scene.start("serve", "--listen", "127.0.0.1:0", "--fresh", "8s", "--stale", "0s")
                    try await gateway.waitForOutput(containing: "listening on http://")
                    let match = try #require(gateway.standardError.firstMatch(of: /listening on http:\S+:(\d+)/))
                    gateways.append(gateway)
                    clients.append(try RawClient(try #require(UInt16(match.1))))
                }
                let began = Instant.now
                #expect(try await clients[0].get("/posts/1").status == 200)
                var (answers, waited, excused) = (0, 0, 0)
                // When nobody had been asked for a while: the machine stood still, or nearly, and nothing could be refreshed then.
                var (last, stalledAt) = (Instant.now, Instant(microseconds: 0))
                while Instant.now < began.advanced(by: .seconds(20)) {
                    for client in clients {
                        let answer = try await client.get("/posts/1")
                        let now = Instant.now
                        if now.duration(since: last) > Self.stall { stalledAt = now }
                        last = now
                        #expect(answer.status == 200)
                        answers += 1
                        guard answer.headers["cache-status"]?.contains("hit") != true else { continue }
                        if now.duration(since: stalledAt) < Self.lastFifth { excused += 1 } else { waited += 1 }
                    }
                    try await Task.sleep(for: .milliseconds(3))
                }
                let lives = Int(Instant.now.duration(since: began) / Self.life * 1.25)
                let requests = try await scene.requests
                print(
                    "refresh ahead, 2 gateways: \(answers) answers in \(Instant.now.duration(since: began)), \(requests) requests,",
                    "\(waited) waited, \(excused) after the machine had stood still")
                #expect(waited == 0, "somebody waited while the machine was at work")
                #expect(requests >= 2 && requests <= lives + 1 + excused)
                for gateway in gateways { #expect(await gateway.stop() == .exited(0)) }
            }
        }
    }
}

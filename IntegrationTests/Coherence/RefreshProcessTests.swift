import Foundation
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// Refresh ahead by several processes: their clients never wait, and the mirrors are asked once a life.
    struct RefreshProcessTests {
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
                var answers = 0
                while Instant.now < began.advanced(by: .seconds(20)) {
                    for client in clients {
                        let answer = try await client.get("/posts/1")
                        #expect(answer.headers["cache-status"]?.contains("hit") == true, "somebody waited: \(answer)")
                        answers += 1
                    }
                    try await Task.sleep(for: .milliseconds(3))
                }
                let lives = Int(Instant.now.duration(since: began) / .milliseconds(6_400))
                let requests = try await scene.requests
                print(
                    "refresh ahead, 2 gateways: \(answers) answers in \(Instant.now.duration(since: began)), \(requests) requests, nobody waited"
                )
                #expect(requests >= 3 && requests <= lives + 1)
                for gateway in gateways { #expect(await gateway.stop() == .exited(0)) }
            }
        }
    }
}

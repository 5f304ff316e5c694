import Foundation
import SluiceHarness
import SluiceLoop
import Testing

extension Integration {
    /// G3 when whoever fetches for everybody dies or stands still: the mirrors count.
    struct FlightHolderTests {
        /// A gateway, and whoever asks it.
        private struct Gateway {
            let process: ChildProcess
            let port: UInt16

            init(_ scene: CommandScene) async throws {
                process = try scene.start("serve", "--listen", "127.0.0.1:0", "--fresh", "1h")
                try await process.waitForOutput(containing: "listening on http://")
                let match = try #require(process.standardError.firstMatch(of: /listening on http:\S+:(\d+)/))
                port = try #require(UInt16(match.1))
            }

            /// The status of an answer; nil when the gateway died.
            func ask(_ path: String) -> Task<Int?, Never> {
                let port = port
                return Task.detached {
                    guard let client = try? RawClient(port), let answer = try? await client.get(path) else { return nil }
                    return answer.status
                }
            }
        }

        enum Fate: String, CaseIterable {
            case killed, frozen
        }

        @Test(arguments: Fate.allCases)
        func `whoever fetches for everybody is lost, and one more request answers all the others`(fate: Fate) async throws {
            try await CommandScene.play(limit: "100/2s", latency: "2s") { scene in
                var gateways: [Gateway] = []
                for _ in 0..<3 { gateways.append(try await Gateway(scene)) }
                var before = 0
                for round in 1...3 {
                    let path = "/posts/\(round)"
                    let asked = gateways.map { $0.ask(path) }
                    let began = Instant.now
                    let holder = try await holder(of: path, scene)
                    let place = try #require(gateways.firstIndex { $0.process.processIdentifier == holder })
                    // Its request has been counted.
                    let patience = Instant.now.advanced(by: .seconds(20))
                    while try await scene.requests == before {
                        try #require(Instant.now < patience, "the holder's request does not arrive")
                    }
                    if fate == .killed { await gateways[place].process.kill() } else { gateways[place].process.signal(SIGSTOP) }
                    for other in gateways.indices where other != place { #expect(await asked[other].value == 200) }
                    let waited = Instant.now.duration(since: began)
                    var requests = try await scene.requests - before
                    #expect(requests == 2, "\(requests) requests when the holder was \(fate)")
                    if fate == .killed {
                        gateways[place] = try await Gateway(scene)
                    } else {
                        let version = try await scene.redis.cli("HGET", "sluice:{command}:cache:GET:\(path)", "version")
                        gateways[place].process.signal(SIGCONT)
                        #expect(await asked[place].value == 200)
                        // What it fetched before the others is not put in the place of what they have.
                        #expect(try await scene.redis.cli("HGET", "sluice:{command}:cache:GET:\(path)", "version") == version)
                        requests = try await scene.requests - before
                        #expect(requests == 2)
                    }
                    print("holder \(fate): \(requests) requests for 1 need of 3 processes, the others answered after \(waited)")
                    before += requests
                }
                for gateway in gateways { #expect(await gateway.process.stop() == .exited(0), "\(gateway.process.standardError)") }
            }
        }

        /// The process that holds the flight of a path.
        private func holder(of path: String, _ scene: CommandScene) async throws -> Int32 {
            let patience = Instant.now.advanced(by: .seconds(20))
            while Instant.now < patience {
                let name = try await scene.redis.cli("HGET", "sluice:{command}:flight:GET:\(path)", "holder")
                if let process = name.split(separator: ":").dropFirst().first.flatMap({ Int32($0) }) { return process }
            }
            throw Nobody()
        }

        private struct Nobody: Error {}
    }
}

import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// Gateways that may open few files.
    struct FewFilesTests {
        @Test func `few files mean fewer connections, and that is said`() async throws {
            try await CommandScene.play { scene in
                let program = try CommandScene.program
                let gateway = try ChildProcess(
                    "bash", ["-c", "ulimit -n 400; exec \(program) serve --listen 127.0.0.1:0"], environment: scene.environment)
                try await gateway.waitForOutput(containing: "listening on http://")
                #expect(gateway.standardError.contains("168 connections at once are taken, not 4096"), "\(gateway.standardError)")
                await gateway.stop()
                // The limit that is given by default is raised.
                let raised = try ChildProcess(
                    "bash", ["-c", "ulimit -Sn 400; exec \(program) serve --listen 127.0.0.1:0"], environment: scene.environment)
                try await raised.waitForOutput(containing: "listening on http://")
                #expect(!raised.standardError.contains("connections at once"), "\(raised.standardError)")
                await raised.stop()
            }
        }

        @Test func `a gateway that cannot open another file waits for one, and no mirror is blamed for it`() async throws {
            try await CommandScene.play(limit: "200/2s", latency: "1s") { scene in
                let gateways = try (0..<2).map { _ in try scene.start("serve", "--listen", "127.0.0.1:0") }
                var ports: [UInt16] = []
                for gateway in gateways {
                    try await gateway.waitForOutput(containing: "listening on http://")
                    ports.append(try #require(gateway.standardError.firstMatch(of: /listening on http:.*:(\d+)/).flatMap { UInt16($0.1) }))
                }
                // Both know Redis and the mirrors.
                let others = try RawClient(ports[1])
                var clients = [try RawClient(ports[0])]
                for client in clients + [others] { for post in 1...2 { #expect(try await client.get("/posts/\(post)").status == 200) } }
                let open = try await files(of: gateways[0], atLeast: 1).count
                clients += try (0..<8).map { _ in try RawClient(ports[0]) }
                let files = try await Set(files(of: gateways[0], atLeast: open + 8))
                // From now on no connection can be added to a mirror.
                let free = try #require((0...).first { !files.contains($0) })
                let limiting = try await ChildProcess.run("prlimit", ["--pid", "\(gateways[0].processIdentifier)", "--nofile=\(free):"])
                #expect(limiting.ending == .exited(0), "\(limiting.standardError)")
                for (number, client) in clients.enumerated() { try client.send("GET /posts/\(10 + number) HTTP/1.1\r\nHost: a\r\n\r\n") }
                try await Task.sleep(for: .milliseconds(500))
                #expect(try await others.get("/posts/3").status == 200)
                for client in clients { #expect(try await client.answer().status == 200) }
                for gateway in gateways {
                    #expect(await gateway.stop() == .exited(0))
                    #expect(!gateway.standardError.contains("circuit"), "\(gateway.standardError)")
                }
            }
        }

        /// The numbers of the files that a process has open, once there are so many.
        private func files(of process: ChildProcess, atLeast count: Int) async throws -> [Int] {
            for _ in 0..<600 {
                let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.processIdentifier)/fd")
                if names.count >= count { return names.compactMap { Int($0) } }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw POSIXError(.ETIMEDOUT)
        }
    }
}

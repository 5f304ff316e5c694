import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// `sluice serve`, `status`, `purge` and `mirror` as a user runs them.
    struct ServeCommandTests {
        /// Starts a gateway and returns it with its URL.
        private func serve(_ scene: CommandScene) async throws -> (process: ChildProcess, url: String) {
            let gateway = try scene.start("serve", "--listen", "127.0.0.1:0")
            try await gateway.waitForOutput(containing: "listening on http://127.0.0.1:")
            let match = try #require(gateway.standardError.firstMatch(of: /listening on (http:\S+)/))
            return (gateway, String(match.1))
        }

        @Test(arguments: [SIGTERM, SIGINT])
        func `the gateway says where it listens, answers, leads, and ends in order on a signal`(signal: Int32) async throws {
            try await CommandScene.play { scene in
                let (gateway, url) = try await serve(scene)
                #expect(gateway.standardOutput.isEmpty)
                #expect(gateway.standardError.contains("mirror a: \(scene.urls[0]) (20/2s)"))
                let direct = try await scene.run("get", "/posts/3")
                let through = try await scene.run("get", "--redis", "", "--mirror", url, "/posts/3")
                #expect(through.ending == .exited(0), "\(through.standardError)")
                #expect(through.standardOutput == direct.standardOutput)
                #expect(try await scene.requests == 1)
                gateway.signal(signal)
                #expect(await gateway.wait() == .exited(0), "\(gateway.standardError)")
                #expect(gateway.standardError.contains(signal == SIGINT ? "SIGINT" : "SIGTERM"))
                #expect(gateway.standardError.hasSuffix("sluice serve: ended\n"))
                #expect(try await scene.redis.cli("EXISTS", "sluice:{command}:leader") == "0", "it has resigned")
                #expect(try await scene.redis.cli("ZCARD", "sluice:{command}:nodes") == "0", "its metrics are gone")
            }
        }

        @Test func `a port in use and an address of somebody else are named, with status 1`() async throws {
            try await CommandScene.play { scene in
                let (gateway, url) = try await serve(scene)
                let port = try #require(url.split(separator: ":").last)
                let second = try await scene.run("serve", "--listen", "127.0.0.1:\(port)")
                #expect(second.ending == .exited(1))
                #expect(second.standardError.contains("127.0.0.1:\(port)"), "\(second.standardError)")
                let mirror = try await scene.run("mirror", "--listen", "127.0.0.1:\(port)")
                #expect(mirror.ending == .exited(1))
                #expect(mirror.standardError.contains("127.0.0.1:\(port)"), "\(mirror.standardError)")
                #expect(mirror.standardOutput.isEmpty)
                let foreign = try await scene.run("serve", "--listen", "192.0.2.1:0")
                #expect(foreign.ending == .exited(1))
                #expect(foreign.standardError.contains("192.0.2.1"), "\(foreign.standardError)")
                await gateway.stop()
            }
        }

        @Test func `status tells leader, mirrors and nodes as a table and as JSON, and nobody when nobody is there`() async throws {
            try await CommandScene.play { scene in
                let nobody = try await scene.run("status", changing: ["SLUICE_MIRRORS": nil])
                #expect(nobody.ending == .exited(0))
                #expect(nobody.standardOutput.contains("leader: none"))
                let (gateway, url) = try await serve(scene)
                _ = try await scene.run("get", "--redis", "", "--mirror", url, "/posts/1")
                var table = ""
                let limit = ContinuousClock.now + .seconds(30)
                // Metrics are written once a second.
                while !table.contains("1 slot granted in 1 grant"), ContinuousClock.now < limit {
                    table = try await scene.run("status").standardOutput
                }
                let lines = table.split(separator: "\n").map(String.init)
                #expect(lines.first == "pool command at redis://127.0.0.1:\(scene.redis.port)/0")
                #expect(table.contains("1 slot granted in 1 grant"), "\(table)")
                for name in ["a", "b"] {
                    let line = try #require(lines.first { $0.hasPrefix("\(name) ") })
                    #expect(line.contains(" 20/2s ") && line.contains(" ok "), "\(line)")
                }
                let node = try #require(lines.last)
                #expect(node.contains(":\(gateway.processIdentifier):") && node.contains(" leader "), "\(node)")
                let json = try await scene.run("status", "--json").standardOutput
                #expect(json.split(separator: "\n").count == 1)
                let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
                #expect(object["pool"] as? String == "command")
                #expect((object["leader"] as? [String: Any])?["pid"] as? Int == Int(gateway.processIdentifier))
                #expect((object["mirrors"] as? [String: Any])?.keys.sorted() == ["a", "b"])
                await gateway.stop()
            }
        }

        @Test func `a watch tells again and again, also while Redis is away, until SIGINT`() async throws {
            try await CommandScene.play { scene in
                let watch = try scene.start("status", "--watch", "--json")
                let limit = ContinuousClock.now + .seconds(60)
                func lines(_ count: Int) async throws {
                    while watch.standardOutput.split(separator: "\n").count < count {
                        try #require(ContinuousClock.now < limit && watch.ending == nil)
                        try await Task.sleep(for: .milliseconds(5))
                    }
                }
                try await lines(2)
                await scene.redis.stop()
                try await watch.waitForOutput(containing: "sluice status: ")
                try await scene.redis.start()
                try await lines(watch.standardOutput.split(separator: "\n").count + 1)
                watch.signal(SIGINT)
                #expect(await watch.wait() == .exited(0))
            }
        }

        @Test func `purge forgets a path everywhere, and says what there was`() async throws {
            try await CommandScene.play { scene in
                let (gateway, url) = try await serve(scene)
                for _ in 0..<2 { _ = try await scene.run("get", "--redis", "", "--mirror", url, "/posts?userId=1&id=4") }
                #expect(try await scene.requests == 1)
                let purge = try await scene.run("purge", "/posts?id=4&userId=1", "/never", changing: ["SLUICE_MIRRORS": nil])
                #expect(purge.ending == .exited(0), "\(purge.standardError)")
                #expect(purge.standardOutput == "/posts?id=4&userId=1: forgotten\n/never: there was none\n")
                _ = try await scene.run("get", "--redis", "", "--mirror", url, "/posts?userId=1&id=4")
                #expect(try await scene.requests == 2)
                for words in [["--prefix", "/pos"], ["--all"]] {
                    let fetched = try await scene.run("get", "-v", "/posts/9")
                    #expect(fetched.standardError.contains("from mirror"), "\(fetched.standardError)")
                    let other = try await ChildProcess.run(
                        CommandScene.program, ["purge", "--prefix", "/todos/"], environment: scene.environment)
                    #expect(other.standardOutput == "every answer under /todos/ forgotten\n")
                    let kept = try await scene.run("get", "-v", "/posts/9")
                    #expect(kept.ending == .exited(0) && !kept.standardError.contains("from mirror"), "\(kept.standardError)")
                    let purge = try await ChildProcess.run(CommandScene.program, ["purge"] + words, environment: scene.environment)
                    #expect(purge.ending == .exited(0))
                    #expect(
                        purge.standardOutput == (words[0] == "--all" ? "every answer forgotten\n" : "every answer under /pos forgotten\n"))
                }
                let tag = try await scene.run("purge", "--tag", "nothing")
                #expect(tag.standardOutput == "0 answers with the tag nothing forgotten\n")
                await gateway.stop()
            }
        }

        @Test func `a mirror prints its URL and nothing else, and sums up at its end`() async throws {
            let mirror = try ChildProcess(CommandScene.program, ["mirror", "--limit", "1/60s", "--name", "solo"])
            try await mirror.waitForOutput(containing: "\n")
            let url = mirror.standardOutput.trimmingCharacters(in: .newlines)
            #expect(url.wholeMatch(of: /http:\/\/127\.0\.0\.1:\d+/) != nil)
            // Without a limit of ours the second request is one too many.
            let run = try await ChildProcess.run(
                CommandScene.program, ["get", "--mirror", url, "/posts/1", "/posts/2", "--deadline", "2s"])
            #expect(run.ending == .exited(1))
            mirror.signal(SIGINT)
            #expect(await mirror.wait() == .exited(0))
            #expect(mirror.standardOutput == url + "\n")
            #expect(mirror.standardError.hasPrefix("mirror solo: "))
            #expect(mirror.standardError.contains("(limit 1)"), "\(mirror.standardError)")
        }
    }
}

import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// `sluice serve`, `status`, `purge` and `mirror` as a user runs them.
    struct ServeCommandTests {
        /// Starts a gateway and returns it with its URL.
        private func serve(
            _ scene: CommandScene, _ options: String..., environment: [String: String] = [:]
        ) async throws -> (process: ChildProcess, url: String) {
            let gateway = try ChildProcess(
                CommandScene.program, ["serve", "--listen", "127.0.0.1:0"] + options,
                environment: scene.environment.merging(environment) { _, new in new })
            try await gateway.waitForOutput(containing: "listening on http://")
            let match = try #require(gateway.standardError.firstMatch(of: /listening on (http:\S+)/))
            return (gateway, String(match.1))
        }

        private func client(_ url: String) throws -> RawClient {
            try RawClient(try #require(url.split(separator: ":").last.flatMap { UInt16($0) }))
        }

        @Test func `the access log goes to standard output or to a file, by option or environment, and to nobody unless told`() async throws
        {
            try await CommandScene.play { scene in
                let directory = try TemporaryDirectory(label: "log")
                let path = directory.path("access.log")
                try "before\n".write(toFile: path, atomically: true, encoding: .utf8)
                let quiet = try await serve(scene)
                let loud = try await serve(scene, "--access-log", "-", environment: ["SLUICE_ACCESS_LOG": path])
                let filed = try await serve(scene, environment: ["SLUICE_ACCESS_LOG": path])
                for gateway in [quiet, loud, filed] {
                    let client = try client(gateway.url)
                    #expect(try await client.get("/posts/1", "User-Agent: test/1\r\n").status == 200)
                    #expect(try await client.get("//x").status == 400)
                    #expect(await gateway.process.stop() == .exited(0), "\(gateway.process.standardError)")
                }
                #expect(quiet.process.standardOutput.isEmpty)
                let written = try String(contentsOfFile: path, encoding: .utf8)
                #expect(written.hasPrefix("before\n"))
                for log in [loud.process.standardOutput, String(written.dropFirst(7))] {
                    let lines = log.split(separator: "\n")
                    #expect(lines.count == 2)
                    let form = /127\.0\.0\.1 - - \[[^\]]+ \+0000\] "GET \/posts\/1 HTTP\/1\.1" 200 290 "-" "test\/1"/
                    #expect(lines.first?.wholeMatch(of: form) != nil && lines.last?.contains("\"GET //x HTTP/1.1\" 400 ") == true, "\(log)")
                }
                let impossible = try await scene.run("serve", "--access-log", "/nowhere/log")
                #expect(impossible.ending == .exited(1) && impossible.standardError.contains("/nowhere/log"))
            }
        }

        @Test func `a log that nobody reads holds no request up`() async throws {
            try await CommandScene.play { scene in
                let directory = try TemporaryDirectory(label: "log")
                let pipe = directory.path("pipe")
                #expect(mkfifo(pipe, 0o600) == 0)
                // Open at both ends, and never read: 64 KiB fill it.
                let held = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
                defer { close(held) }
                let (gateway, url) = try await serve(scene, "--access-log", pipe)
                let client = try client(url)
                for _ in 0..<2_000 {
                    #expect(try await client.get("/posts/1", "User-Agent: \(String(repeating: "a", count: 100))\r\n").status == 200)
                }
                gateway.signal(SIGTERM)
                #expect(await gateway.wait() == .exited(0), "\(gateway.standardError)")
            }
        }

        @Test func `the limits on size, connections and patience are options`() async throws {
            try await CommandScene.play { scene in
                let (gateway, url) = try await serve(
                    scene, "--max-body", "10", "--max-head", "2048", "--max-connections", "3", "--idle", "3s")
                #expect(try await client(url).get("/posts", "Content-Length: 11\r\n", method: "POST").status == 413)
                #expect(try await client(url).get("/posts/1", "X: \(String(repeating: "a", count: 3_000))\r\n").status == 431)
                // The fourth waits until patience with the three has ended.
                let idle = [try client(url), try client(url), try client(url)]
                let began = ContinuousClock.now
                #expect(try await client(url).get("/posts/1").status == 200)
                #expect(began.duration(to: .now) > .milliseconds(300))
                for client in idle { #expect(try await client.isClosedByServer()) }
                await gateway.stop()
                for (option, value) in [("--max-body", "1MiB"), ("--max-head", "100"), ("--max-connections", "0"), ("--idle", "1ms")] {
                    let run = try await scene.run("serve", option, value)
                    #expect(run.ending == .exited(2) && run.standardError.contains("\(option): "), "\(run.standardError)")
                }
            }
        }

        @Test func `a gateway that others can reach says who may see its pages, and needs the token`() async throws {
            try await CommandScene.play { scene in
                let open = try await serve(scene, "--listen", "0.0.0.0:0")
                #expect(open.process.standardError.contains("answer this host alone; set SLUICE_MANAGEMENT_TOKEN"))
                await open.process.stop()
                let guarded = try await serve(scene, "--listen", "0.0.0.0:0", environment: ["SLUICE_MANAGEMENT_TOKEN": "t0ken"])
                #expect(
                    !guarded.process.standardError.contains("SLUICE_MANAGEMENT_TOKEN") && !guarded.process.standardError.contains("t0ken"))
                // With a token nobody is served without it, wherever they are.
                #expect(try await client(guarded.url).get("/-/status").status == 401)
                #expect(try await client(guarded.url).get("/-/status", "Authorization: Bearer t0ken\r\n").status == 200)
                // Another address of this host is another host to it, as far as it can tell.
                let far = try await ChildProcess.run("hostname", ["-I"]).standardOutput.split(separator: " ").first { !$0.contains(":") }
                if let far, let port = guarded.url.split(separator: ":").last {
                    func status(_ options: String...) async throws -> String {
                        try await ChildProcess.run(
                            "curl", ["-so", "/dev/null", "-w", "%{http_code}", "http://\(far):\(port)/-/status"] + options
                        ).standardOutput
                    }
                    #expect(try await status() == "401")
                    #expect(try await status("-H", "Authorization: Bearer t0ken") == "200")
                }
                await guarded.process.stop()
            }
        }

        @Test func `told to end, it answers what is under way, takes nothing new, resigns and leaves`() async throws {
            try await CommandScene.play(latency: "3s") { scene in
                let (gateway, url) = try await serve(scene)
                let busy = try client(url)
                try busy.send("GET /posts/9 HTTP/1.1\r\nHost: a\r\n\r\n")
                let limit = ContinuousClock.now + .seconds(20)
                while try await scene.requests == 0 { try #require(ContinuousClock.now < limit) }
                gateway.signal(SIGTERM)
                try await gateway.waitForOutput(containing: "finishing what is under way")
                let answer = try await busy.answer()
                #expect(answer.status == 200 && answer.headers["connection"] == "close")
                #expect(await gateway.wait() == .exited(0))
                #expect(throws: (any Error).self) { try client(url) }
                #expect(try await scene.redis.cli("EXISTS", "sluice:{command}:leader") == "0")
                #expect(try await scene.redis.cli("ZCARD", "sluice:{command}:nodes") == "0")
                #expect(try await scene.redis.cli("HGET", "sluice:{command}:cache:GET:/posts/9", "status") == "200")
            }
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
                // Nor does a one-shot command change that.
                for path in ["/posts/2", "/posts/3"] { #expect(try await scene.run("get", path).ending == .exited(0)) }
                let nobody = try await scene.run("status", changing: ["SLUICE_MIRRORS": nil])
                #expect(nobody.ending == .exited(0))
                #expect(nobody.standardOutput.contains("leader: none"))
                #expect(
                    nobody.standardOutput.contains("No mirror is reported: no long-lived process of this pool"), "\(nobody.standardOutput)")
                let (gateway, url) = try await serve(scene)
                _ = try await scene.run("get", "--redis", "", "--mirror", url, "/posts/1")
                var table = ""
                let limit = ContinuousClock.now + .seconds(30)
                // Metrics are written at each tick.
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
                let tag = try await scene.run("purge", "--tag", "nothing", "--tag", "such")
                #expect(tag.standardOutput == "0 answers with the tag nothing forgotten\n0 answers with the tag such forgotten\n")
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

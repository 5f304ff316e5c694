import Foundation
import SluiceCommand
import SluiceHarness
import Testing

extension Integration {
    /// What bad input gets: status 2, a sentence that names the thing, nothing on standard output.
    struct UsageTests {
        private static let mirror = ["--mirror", "http://127.0.0.1:1,limit=1/1s"]

        /// A command line, and what must be said about it.
        static let bad: [(line: [String], said: [String])] = [
            ([], ["Usage: sluice COMMAND"]),
            (["gte", "/a"], ["there is no command “gte”", "did you mean “get”?"]),
            (["--verison"], ["there is no option “--verison”", "“--version”"]),
            (["warm", "/posts"], ["the items' paths are missing", "--item '/posts/{id}'"]),
            (["get"], ["PATH… is missing"]),
            (["get", "/a", "--mirorr", "x"], ["there is no option --mirorr", "“--mirror”"]),
            (["get", "/a", "-x"], ["there is no option -x"]),
            (["get", "/a", "--pool"], ["--pool needs a value: --pool NAME"]),
            (["get", "/a", "--verbose=yes"], ["--verbose is a switch"]),
            (["get", "/a", "--concurrency", "0"] + mirror, ["--concurrency: “0”", "from 1 to 1000"]),
            (["get", "/a", "--override"] + mirror, ["--override overrides nothing", "--fresh TIME"]),
            (["get", "/a", "--max-age", "soon"] + mirror, ["--max-age: "]),
            (["mirror", "--algorithm", "fixed"], ["--algorithm does nothing without a limit", "--limit COUNT/WINDOW"]),
            (
                ["bench", "scale", "--chart", "/nowhere/chart.svg"],
                ["--chart: “/nowhere/chart.svg” cannot be written", "No such file or directory"]
            ),
            (["get", "/a"], ["no mirror is named", "--mirror URL", "SLUICE_MIRRORS"]),
            (["get", "/a", "--mirror", "http://h,limit=0/60s"], ["--mirror: “0/60s”", "give 1 to"]),
            (["get", "/a", "--mirror", "h:80"], ["--mirror: “h:80” is no base URL"]),
            (["get", "/a", "--lease", "1ms"] + mirror, ["--lease: 1ms is out of bounds", "100ms"]),
            (["get", "/a", "--redis", "127.0.0.1"] + mirror, ["--redis: ", "redis://host:port/0"]),
            (["get", "/a", "--config", "/nowhere.json"], ["--config: there is no file at “/nowhere.json”"]),
            (["get", "/a", "--config", ""] + mirror, ["--config: it names no file"]),
            (["get", "/a", "--config", "/"] + mirror, ["--config: Is a directory: “/”"]),
            (["get", "/a", "--config", "/dev/null"] + mirror, ["/dev/null:1:1: this is no JSON"]),
            (["serve", "--listen", "8080"] + mirror, ["--listen: “8080”", "127.0.0.1:8080"]),
            (["serve", "surplus"] + mirror, ["“surplus” is one word too many"]),
            (["serve", "--grace", "5"] + mirror, ["--grace: \"5\" is no duration"]),
            (["status"], ["no Redis is named", "SLUICE_REDIS_URL"]),
            (["purge", "--redis", "redis://h"], ["what is to be forgotten?"]),
            (["purge", "--redis", "redis://h", "/a", "--tag", "t"], ["not several"]),
            (["purge", "--redis", "redis://h", "--all", "--prefix", "/"], ["not several"]),
            (["purge", "/a"], ["no Redis is named"]),
            (["purge", "--redis", "redis://h", "/a", "//x"], ["“//x”", "names a host", "See sluice purge --help"]),
            (["purge", "--redis", "redis://h", "/a/../b"], ["“/a/../b”", "write the path out in full", "See sluice purge --help"]),
            (["purge", "--redis", "redis://h", "posts"], ["“posts”", "starts with one “/”", "See sluice purge --help"]),
            (["purge", "--redis", "redis://h", "--prefix", "posts/"], ["no path begins with “posts/”", "See sluice purge --help"]),
            (["purge", "--redis", "redis://h", "--prefix", "/a?b"], ["no path begins with “/a?b”", "before the query"]),
            (["purge", "--redis", "redis://h", "--prefix", ""], ["no path begins with “”"]),
            (["purge", "--redis", "redis://h", "--tag", ""], ["“” can be no answer's tag", "empty"]),
            (
                ["purge", "--redis", "redis://h", "--tag", "größe"],
                ["“größe” can be no answer's tag", "visible ASCII", "See sluice purge --help"]
            ),
            (["warm", "/a", "--item", "/a/{id}", "--tag", "user 7"], ["“user 7” can be no answer's tag", "See sluice warm --help"]),
            (["mirror", "--limit", "0/6s"], ["--limit: ", "0/6s", "30/60s"]),
            (["mirror", "--listen", "9001"], ["--listen: ", "\"9001\""]),
            (["mirror", "--limt", "1/1s"], ["--limt", "“--limit”"]),
            (["demo", "--posts", "many"], ["--posts: “many”"]),
            (["bench"], ["mission is missing", "the form is: sluice bench mission | memory | redis"]),
            (["bench", "reddis"], ["there is no benchmark “reddis”", "did you mean “redis”?"]),
            (["bench", "redis", "--size", "5"], ["--size makes no sense with redis"]),
            (["bench", "http", "--processes", "5"], ["--processes makes no sense with http"]),
            (["bench", "hitrate", "t", "--chart", "c"], ["--chart makes no sense with hitrate"]),
            (["bench", "slots", "--span", "1ms"], ["--span: 1ms is out of bounds", "10ms"]),
            (["bench", "scale", "surplus"], ["“surplus” is one word too many"]),
        ]

        @Test(arguments: bad.indices)
        func `a command line that makes no sense ends with status 2 and a sentence`(index: Int) async throws {
            let (line, said) = Self.bad[index]
            let run = try await ChildProcess.run(try CommandScene.program, line)
            #expect(run.ending == .exited(2), "\(run.standardError)")
            #expect(run.standardOutput.isEmpty)
            for part in said { #expect(run.standardError.contains(part), "\(run.standardError)") }
            if !line.isEmpty { #expect(run.standardError.hasPrefix("sluice"), "\(run.standardError)") }
        }

        @Test func `a configuration file's error names file, line, column and key`() async throws {
            let directory = try TemporaryDirectory(label: "config")
            let path = directory.path("pool.json")
            let text = "{\n  \"mirrors\": [\n    {\"url\": \"http://127.0.0.1:1\", \"limits\": [\"30/60s\"], \"brust\": 3}\n  ]\n}\n"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let run = try await ChildProcess.run(try CommandScene.program, ["get", "/a"], environment: ["SLUICE_CONFIG": path])
            #expect(run.ending == .exited(2))
            #expect(
                run.standardError
                    == "sluice get: \(path):3:57: mirrors[0]: the key “brust” is unknown here; did you mean “burst”? Known are url, name, "
                    + "limits, burst, concurrency, headers\n")
        }

        @Test func `a variable that is nearly one of ours is pointed out`() async throws {
            let run = try await ChildProcess.run(try CommandScene.program, ["get", "/a"], environment: ["SLUICE_MIRROR": "http://h"])
            #expect(run.ending == .exited(2))
            #expect(run.standardError.contains("the environment variable SLUICE_MIRROR has no effect; did you mean SLUICE_MIRRORS?"))
        }

        @Test(arguments: ["a b", "ä", " ", String(repeating: "t", count: 4_097)])
        func `a token that cannot be one is told by its variable's name, without the token`(token: String) async throws {
            let run = try await ChildProcess.run(
                try CommandScene.program, ["serve"] + Self.mirror, environment: ["SLUICE_MANAGEMENT_TOKEN": token])
            #expect(run.ending == .exited(2) && run.standardOutput.isEmpty)
            #expect(
                run.standardError
                    == "sluice serve: SLUICE_MANAGEMENT_TOKEN: it is empty, too long or holds a space; give 1 to 4,096 visible ASCII "
                    + "characters\n")
        }

        @Test(arguments: ["get", "warm", "serve", "status", "purge", "mirror", "demo", "bench"])
        func `help tells the options, the defaults and the exit status, on standard output`(command: String) async throws {
            let overview = try await ChildProcess.run(try CommandScene.program, ["--help"])
            #expect(overview.standardOutput.contains("\n  \(command) "))
            #expect(!overview.standardOutput.contains("\n  demo-worker "), "it is for the demo alone")
            for line in [[command, "--help"], [command, "-h"], ["help", command]] {
                let help = try await ChildProcess.run(try CommandScene.program, line)
                #expect(help.ending == .exited(0))
                #expect(help.standardError.isEmpty)
                #expect(help.standardOutput.hasPrefix("sluice \(command): "))
                for part in ["Usage: sluice \(command) ", "Exit status:", "\n  0  ", "\n  1  ", "\n  2  "] {
                    #expect(help.standardOutput.contains(part))
                }
                if command != "purge", command != "demo" { #expect(help.standardOutput.contains("[default: ")) }
                #expect(help.standardOutput.split(separator: "\n").allSatisfy { $0.count <= 100 || $0.contains("sluice \(command)") })
            }
        }

        @Test func `the version is told`() async throws {
            let run = try await ChildProcess.run(try CommandScene.program, ["--version"])
            #expect(run.ending == .exited(0))
            #expect(run.standardOutput.firstMatch(of: /^sluice \d+\.\d+\.\d+\n$/) != nil)
        }
    }
}

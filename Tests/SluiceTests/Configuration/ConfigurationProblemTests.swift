import Testing

@testable import Sluice

/// What bad input gets: a message that names the place, the thing and the remedy.
@Suite(.timeLimit(.minutes(10)))
struct ConfigurationProblemTests {
    /// Bad input, and what its message must hold.
    struct Case: Sendable, CustomTestStringConvertible {
        var input: String
        var said: [String]
        var testDescription: String { input }

        init(_ input: String, _ said: String...) {
            self.input = input
            self.said = said
        }
    }

    private func expect(_ said: [String], _ body: () throws -> Void, _ location: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: SluiceError.self, sourceLocation: location) { try body() }
        guard let error else { return }
        #expect(error.code == .invalidConfiguration, sourceLocation: location)
        for part in said { #expect(error.message.contains(part), "in: \(error.message)", sourceLocation: location) }
        #expect(!error.message.contains("\n"), "one line: \(error.message)", sourceLocation: location)
        #expect(!error.message.contains("hunter2"), "a password is told: \(error.message)", sourceLocation: location)
    }

    @Test(arguments: [
        Case(#"{"mirrors": [{"url": "http://a"}], "lese": "2s"}"#, "pool.json:1:36: ", "“lese” is unknown", "did you mean “lease”?"),
        Case(#"{"mirrors": [{"url": "http://a", "limit": ["30/60s"]}]}"#, "pool.json:1:34: mirrors[0]: ", "“limit”", "“limits”", "burst"),
        Case(#"{"mirrors": [{"url": "http://a", "xyzzy": 1}]}"#, "mirrors[0]: ", "“xyzzy” is unknown", "known are url, name, limits"),
        Case(#"{"cache": {"frehs": "1m"}}"#, "cache: ", "“frehs”", "“fresh”"),
        Case(#"{"routes": [{"path": "/a", "upsteam": "/b"}]}"#, "routes[0]: ", "“upstream”"),
        Case(
            #"{"mirrors": [{"url": "http://a"}], "routes": [{"path": "/a", "override": true}]}"#, "routes[0].override: ",
            "overrides nothing", "“fresh”"),
        Case(#"{"routes": [{"path": "/a", "override": "30s"}]}"#, "routes[0].override: ", "the text “30s” stands here", "true or false"),
        Case(
            #"{"mirrors": [{"url": "http://a"}, {"url": "http://b", "limits": ["0/60s"]}]}"#, "pool.json:1:66: mirrors[1].limits[0]: ",
            "“0/60s”",
            "give 1 to"),
        Case(#"{"mirrors": [{"url": "http://a", "limits": "30/60s"}]}"#, "mirrors[0].limits: ", "the text “30/60s” stands here", "a list"),
        Case(#"{"mirrors": [{"url": "http://a", "limits": [30]}]}"#, "mirrors[0].limits[0]: ", "the number 30", "a text"),
        Case(#"{"mirrors": [{"url": "http://a", "burst": 0}]}"#, "mirrors[0].burst: ", "whole number of at least 1"),
        Case(
            #"{"mirrors": [{"url": "http://a", "limits": ["30/6s"], "burst": 50}]}"#, "mirrors[0].burst: ", "50 at once", "limit of 30"),
        Case(#"{"mirrors": [{"url": "http://a", "burst": 5}]}"#, "pool.json:1:14: mirrors[0]: ", "no limit to pace it by"),
        Case(#"{"mirrors": [{"url": "http://a", "concurrency": 1.5}]}"#, "mirrors[0].concurrency: ", "1.5"),
        Case(#"{"mirrors": [{"url": "http://a", "headers": {"X Y": "1"}}]}"#, "mirrors[0].headers: ", "“X Y”"),
        Case(#"{"mirrors": [{"url": "http://a", "headers": {"Connection": "5"}}]}"#, "mirrors[0].headers: ", "“Connection” belongs"),
        Case(#"{"mirrors": [{"url": "http://a", "headers": {"X": 1}}]}"#, "mirrors[0].headers.X: ", "a text"),
        Case(#"{"mirrors": [{"url": "http://a", "headers": {"X": "hunter2\r\nA: b"}}]}"#, "mirrors[0].headers: ", "“X”"),
        Case(#"{"mirrors": [{"url": "http://a", "headers": {"x-a": "1", "X-A": "2"}}]}"#, "mirrors[0].headers: ", "is there twice"),
        Case(#"{"mirrors": [{"url": "http://a:0"}]}"#, "mirrors[0].url: ", "port 0"),
        Case(#"{"mirrors": [{"url": "http://a/../b"}]}"#, "mirrors[0].url: ", "“http://a/../b” has a path", "in full"),
        Case(#"{"mirrors": [{"url": "http://a/%zz"}]}"#, "mirrors[0].url: ", "“http://a/%zz” has a path"),
        Case(
            #"{"mirrors": [{"url": "http://a/", "name": "x"}, {"url": "http://a", "name": "y"}]}"#, "mirrors[1]: ", "mirrors[0] once more"),
        Case(
            #"{"mirrors": [{"url": "http://a/b", "headers": {"X-A": "1"}}, {"url": "HTTP://A:80/b/", "name": "y", "headers": {"x-a": "1"}}]}"#,
            "mirrors[1]: ", "mirrors[0] once more"),
        Case(
            #"{"mirrors": [{"url": "http://a/%62/%2f"}, {"url": "http://a./b/%2F", "name": "y"}]}"#, "mirrors[1]: ", "mirrors[0] once more"),
        Case(#"{"mirrors": [{"url": "http:///a"}]}"#, "mirrors[0].url: ", "“http:///a” is no base URL"),
        Case(
            #"{"mirrors": [{"url": "http://a", "headers": {"If-None-Match": "*"}}]}"#, "mirrors[0].headers: ", "“If-None-Match”",
            "condition"),
        Case(#"{"mirrors": [{"url": "http://a", "headers": {"range": "bytes=0-9"}}]}"#, "mirrors[0].headers: ", "“range”", "part"),
        Case(#"{"mirrors": [{"url": "ftp://a"}]}"#, "mirrors[0].url: ", "“ftp://a” is no base URL", "https://"),
        Case(#"{"mirrors": [{"url": "http://me:hunter2@a"}]}"#, "mirrors[0].url: ", "user or password", "header"),
        Case(#"{"mirrors": [{"url": "http://a?x=1"}]}"#, "mirrors[0].url: ", "query"),
        Case(#"{"mirrors": [{"url": "http://a b"}]}"#, "mirrors[0].url: ", "blanks"),
        Case(#"{"mirrors": [{"name": "a"}]}"#, "mirrors[0]: ", "“url”"),
        Case(#"{"mirrors": [{"url": "http://a"}, {"url": "http://a/"}]}"#, "mirrors[1]: ", "same name as mirrors[0]", "a-80"),
        Case(#"{"mirrors": [{"url": "http://a", "name": "a b"}]}"#, "mirrors[0]: ", "“a b” is no name"),
        Case(#"{"mirrors": {}}"#, "mirrors: ", "an object", "a list"),
        Case(#"{"mirrors": []}"#, "no mirror is named", "--mirror", "SLUICE_MIRRORS"),
        Case(#"[1]"#, "pool.json:1:1: ", "a list stands here; write an object"),
        Case(#"{"pool": "a b", "mirrors": [{"url": "http://a"}]}"#, "pool.json:1:10: pool: ", "“a b”", "letters"),
        Case(
            #"{"redis": "redis://u:hunter2@h:port/0", "mirrors": [{"url": "http://a"}]}"#, "pool.json:1:11: redis: ",
            "the port must be a number"),
        Case(#"{"timeout": 10, "mirrors": [{"url": "http://a"}]}"#, "timeout: ", "the number 10", "\"60s\""),
        Case(#"{"timeout": "10", "mirrors": [{"url": "http://a"}]}"#, "timeout: ", "“10” is no duration", "the unit is missing"),
        Case(#"{"timeout": "2h", "mirrors": [{"url": "http://a"}]}"#, "pool.json:1:13: timeout: ", "2h is out of bounds", "10ms and 1h"),
        Case("{\n  \"lease\": \"100ms\",\n  \"lease\": \"1s\"\n}", "pool.json:3:3: ", "“lease” stands here for the second time"),
        Case(#"{"lease": "30ms", "mirrors": [{"url": "http://a"}]}"#, "lease: ", "give between 100ms and"),
        Case(#"{"listen": "8080", "mirrors": [{"url": "http://a"}]}"#, "listen: ", "“8080”", "127.0.0.1:8080"),
        Case(#"{"listen": "example.org:80", "mirrors": [{"url": "http://a"}]}"#, "listen: ", "IP address"),
        Case(#"{"listen": "::1:8080", "mirrors": [{"url": "http://a"}]}"#, "pool.json:1:12: listen: ", "“::1:8080”", "[::1]:8080"),
        Case(#"{"listen": "127.0.0.1:70000", "mirrors": [{"url": "http://a"}]}"#, "listen: ", "127.0.0.1:70000"),
        Case(#"{"cache": {"memory": "1KiB"}, "mirrors": [{"url": "http://a"}]}"#, "pool.json:1:22: cache.memory: ", "1024 bytes", "1MiB"),
        Case(#"{"cache": {"memory": "64XB"}}"#, "cache.memory: ", "“XB” is unknown", "64MiB"),
        Case(#"{"cache": {"memory": -1}}"#, "cache.memory: ", "“-1” is no size"),
        Case(#"{"cache": {"stale": "400d"}, "mirrors": [{"url": "http://a"}]}"#, "cache.stale: ", "400d", "365d"),
        Case(#"{"mirrors": [{"url": "http://a"}], "routes": [{"path": "a"}]}"#, "routes[0].path: ", "“a” must begin with one slash"),
        Case(#"{"mirrors": [{"url": "http://a"}], "routes": [{"path": "/a/{x}", "upstream": "/b/{y}"}]}"#, "routes[0].upstream: ", "{y}"),
        Case(#"{"mirrors": [{"url": "http://a"}], "routes": [{"path": "/a{x}"}]}"#, "routes[0].path: ", "whole segment"),
        Case(#"{"mirrors": [{"url": "http://a"}], "routes": [{"path": "/a/{b-c}"}]}"#, "“{b-c}”", "letters, digits and “_”"),
        Case(#"{"mirrors": [{"url": "http://a"}], "routes": [{"path": "/-/x"}]}"#, "pool.json:1:56: routes[0].path: ", "below /-/"),
        Case(
            "{\"mirrors\": [{\"url\": \"http://a\"}], \"routes\": [{\"path\": \"/a/{x}\"},\n{\"path\": \"/a/{y}\"}]}",
            "pool.json:2:10: routes[1].path: ", "“/a/{y}” matches the same paths as a route before it"),
        Case("{\n  \"pool\": \"é\", \"lease\": nul\n}", "pool.json:2:25: ", "no JSON", "null"),
        Case("", "pool.json:1:1: this is no JSON: the end of the text stands where a value should begin"),
        Case("{\n\"pool\": \"a\",\n}", "pool.json:3:1: ", "a key in double quotes"),
        Case("{\"pool\": \"a\"} x", "pool.json:1:15: ", "goes on after its end"),
    ])
    func `a bad file is refused with the place in it`(bad: Case) {
        expect(bad.said) {
            _ = try PoolConfiguration.read(flags: [("config", "pool.json")], environment: [:]) { _ throws(SluiceError) in
                Array(bad.input.utf8)
            }
        }
    }

    @Test(arguments: [
        (PoolSetting.pool, "", "--pool: ", "“” is no name"), (.pool, "a b", "--pool: ", "letters"),
        (.redis, "localhost:6379", "--redis: ", "redis://host:port/0"), (.redis, "redis://:hunter2@h/x", "--redis: ", "number"),
        (.redis, "http://h", "--redis: ", "redis://"), (.fresh, "60", "--fresh: ", "the unit is missing"),
        (.fresh, "1.5s", "--fresh: ", "the unit \".5s\" is unknown"),
        (.fresh, "-1s", "--fresh: ", "digit"), (.stale, "999d", "--stale: ", "365d"), (.memory, "64 MiB", "--memory: ", "“ MiB”"),
        (.memory, "99999999999999999999", "--memory: ", "1024GiB"), (.timeout, "0s", "--timeout: ", "10ms"),
        (.deadline, "2d", "--deadline: ", "1d"), (.lease, "1ms", "--lease: ", "100ms"), (.listen, "x", "--listen: ", "“x”"),
        (.mirrors, "", "--mirror: ", "the URL is missing"), (.mirrors, "api.example.org", "--mirror: ", "http://"),
        (.mirrors, "http://a,limit=30", "--mirror: ", "requests/window"),
        (.mirrors, "http://a,limit=30/60", "--mirror: ", "“60” is no window"),
        (.mirrors, "http://a,limits=30/60s", "--mirror: ", "did you mean “limit”?"),
        (.mirrors, "http://a,burst=0", "--mirror: ", "burst=“0”"),
        (.mirrors, "http://a,burst=1,burst=2", "--mirror: ", "two values for burst"),
        (.mirrors, "http://a,", "--mirror: ", "“” is no option"),
        (.mirrors, "http://a,name=", "--mirror: ", "name is empty"), (.mirrors, "http://a,name=a,name=b", "--mirror: ", "two names"),
        (.mirrors, "http://a,limit=10000001/1s", "--mirror: ", "10000000"), (.mirrors, "http://a,limit=1/32d", "--mirror: ", "31d"),
        (.mirrors, "http://u:hunter2@a,limit=1/1s", "--mirror: ", "“http://…@a”"),
        (.mirrors, "http://a,limit=1/1s,limit=1/2s,limit=1/3s,limit=1/4s,limit=1/5s", "--mirror: ", "at most 4"),
    ])
    func `a bad flag is refused by name, and the same text as a variable by its name`(
        setting: PoolSetting, text: String, place: String, said: String
    ) {
        let others = setting == .mirrors ? [] : [(name: "mirror", value: "http://a")]
        expect([place, said]) { _ = try PoolConfiguration.read(flags: others + [(setting.flag, text)], environment: [:]) }
        guard !text.isEmpty else { return }
        // In the environment a blank parts mirrors.
        expect([setting.variable + ": "] + (text.contains(" ") ? [] : [said])) {
            _ = try PoolConfiguration.read(flags: others, environment: [setting.variable: text])
        }
    }

    @Test func `of several mirrors the message quotes the one that is wrong`() {
        expect(["--mirror “http://b,limit=0/1s”: ", "“0/1s”"]) {
            _ = try PoolConfiguration.read(flags: [("mirror", "http://a"), ("mirror", "http://b,limit=0/1s")], environment: [:])
        }
        expect(["SLUICE_MIRRORS “http://…@b”: "]) {
            _ = try PoolConfiguration.read(environment: ["SLUICE_MIRRORS": "http://a http://x:hunter2@b"])
        }
    }

    @Test func `a file that cannot be read is named with who named it`() {
        expect(["--config: there is no file at “/nowhere/pool.json”"]) {
            _ = try PoolConfiguration.read(flags: [("config", "/nowhere/pool.json")], environment: [:])
        }
        expect(["--config: it names no file"]) {
            _ = try PoolConfiguration.read(flags: [("config", "")], environment: ["SLUICE_CONFIG": "/x"])
        }
        expect(["SLUICE_CONFIG: ", "Is a directory: “/”"]) { _ = try PoolConfiguration.read(environment: ["SLUICE_CONFIG": "/"]) }
    }

    @Test func `a configuration made in code is refused by its own places`() {
        var configuration = PoolConfiguration(mirrors: [
            .init(url: "http://a", limits: [.init(30, per: .seconds(60)), .init(0, per: .seconds(1))])
        ])
        expect(["mirrors[0].limits[1]: ", "limit of 0"]) { try configuration.validate() }
        configuration.mirrors[0].limits.removeLast()
        configuration.cache.memory = 5
        expect(["cache.memory: "]) { try configuration.validate() }
    }
}

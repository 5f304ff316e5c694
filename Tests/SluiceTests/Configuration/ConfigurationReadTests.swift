import Foundation
import Testing

@testable import Sluice

/// What a configuration is made of, and who wins.
@Suite(.timeLimit(.minutes(10)))
struct ConfigurationReadTests {
    private static let file = """
        {
          "pool": "posts",
          "redis": "redis://127.0.0.1:6379/3",
          "mirrors": [
            {"url": "https://one.example.org/v1/", "name": "one", "limits": ["30/60s", "1000/1d"], "burst": 5, "concurrency": 4,
             "headers": {"X-Key": "sécret"}},
            {"url": "http://two.example.org", "limits": []}
          ],
          "cache": {"fresh": "5m", "stale": "1h", "memory": "128MiB"},
          "timeout": "3s", "deadline": "20s", "lease": "4s", "listen": "0.0.0.0:9000",
          "routes": [{"path": "/get_todos/{id}", "upstream": "/todos/{id}", "fresh": "1m", "stale": "2m"},
            {"path": "/users"}, {"path": "/posts", "fresh": "30s", "override": true},
            {"path": "/find/{word}", "upstream": "/search?kind=a&q={word}"}]
        }
        """

    private func read(
        flags: [(name: String, value: String)] = [], environment: [String: String] = [:], file: String? = nil
    ) throws -> PoolConfiguration {
        try PoolConfiguration.read(flags: flags, environment: environment) { path throws(SluiceError) in
            #expect(path == "pool.json")
            return Array((file ?? "").utf8)
        }
    }

    @Test func `everything the file can say arrives`() throws {
        let read = try read(flags: [("config", "pool.json")], file: Self.file)
        #expect(read.pool == "posts")
        #expect(read.redis == "redis://127.0.0.1:6379/3")
        #expect(
            read.mirrors == [
                MirrorConfiguration(
                    url: "https://one.example.org/v1/", name: "one",
                    limits: [.init(30, per: .seconds(60)), .init(1000, per: .seconds(86_400))],
                    burst: 5, concurrency: 4, headers: ["X-Key": "sécret"]),
                MirrorConfiguration(url: "http://two.example.org"),
            ])
        #expect(read.cache.fresh == .seconds(300))
        #expect(read.cache.stale == .seconds(3600))
        #expect(read.cache.memory == 128 << 20)
        #expect(read.timeout == .seconds(3))
        #expect(read.deadline == .seconds(20))
        #expect(read.lease == .seconds(4))
        #expect(read.listen == "0.0.0.0:9000")
        #expect(
            read.routes == [
                .init(path: "/get_todos/{id}", upstream: "/todos/{id}", fresh: .seconds(60), stale: .seconds(120)), .init(path: "/users"),
                .init(path: "/posts", fresh: .seconds(30), overridesAnswer: true),
                .init(path: "/find/{word}", upstream: "/search?kind=a&q={word}"),
            ])
    }

    @Test func `the environment can say all but routes and headers`() throws {
        let read = try read(environment: [
            "SLUICE_REDIS_URL": "unix:///run/redis.sock", "SLUICE_POOL": "posts",
            "SLUICE_MIRRORS": "http://a:1,limit=30/60s,limit=1000/1d,burst=5\n  https://b/x,concurrency=4,name=b ",
            "SLUICE_FRESH": "90s", "SLUICE_STALE": "0s", "SLUICE_MEMORY": "10MB", "SLUICE_TIMEOUT": "500ms", "SLUICE_DEADLINE": "2m",
            "SLUICE_LEASE": "1s", "SLUICE_LISTEN": "[::1]:0", "SLUICE_UNHEARD_OF": "x",
        ])
        #expect(read.redis == "unix:///run/redis.sock")
        #expect(read.pool == "posts")
        #expect(
            read.mirrors == [
                MirrorConfiguration(
                    url: "http://a:1", limits: [.init(30, per: .seconds(60)), .init(1000, per: .seconds(86_400))], burst: 5),
                MirrorConfiguration(url: "https://b/x", name: "b", concurrency: 4),
            ])
        #expect(read.cache.fresh == .seconds(90))
        #expect(read.cache.stale == .zero)
        #expect(read.cache.memory == 10_000_000)
        #expect(read.timeout == .milliseconds(500))
        #expect(read.deadline == .seconds(120))
        #expect(read.lease == .seconds(1))
        #expect(read.listen == "[::1]:0")
    }

    @Test func `what nobody says has its documented default`() throws {
        let read = try read(flags: [("mirror", "http://a")])
        #expect(read.redis == nil)
        #expect(read.pool == "default")
        #expect(read.cache == .init())
        #expect(read.listen == "127.0.0.1:8080")
        #expect(read.isLongLived)
    }

    @Test func `flags win over the environment and that over the file, setting by setting`() throws {
        let read = try read(
            flags: [("pool", "flag"), ("mirror", "http://x"), ("mirror", "http://y")],
            environment: [
                "SLUICE_CONFIG": "pool.json", "SLUICE_POOL": "variable", "SLUICE_TIMEOUT": "7s", "SLUICE_MIRRORS": "http://z",
                "SLUICE_LEASE": "",
            ],
            file: Self.file)
        #expect(read.pool == "flag")
        #expect(read.timeout == .seconds(7))
        #expect(read.lease == .seconds(4), "an empty variable says nothing")
        #expect(read.deadline == .seconds(20))
        #expect(read.mirrors.map(\.url) == ["http://x", "http://y"], "a list is replaced as a whole")
    }

    @Test func `a variable that a flag replaces is not even read`() throws {
        #expect(
            try read(flags: [("mirror", "http://x"), ("fresh", "1s")], environment: ["SLUICE_FRESH": "soon"]).cache.fresh == .seconds(1))
    }

    @Test func `of a flag given twice the last counts`() throws {
        #expect(try read(flags: [("mirror", "http://x"), ("pool", "one"), ("pool", "two")]).pool == "two")
    }

    @Test func `an empty flag takes Redis away`() throws {
        #expect(try read(flags: [("redis", ""), ("mirror", "http://x")], environment: ["SLUICE_REDIS_URL": "redis://h"]).redis == nil)
    }

    @Test func `null in the file says nothing`() throws {
        let read = try read(
            flags: [("config", "pool.json")], file: #"{"redis": null, "cache": null, "mirrors": [{"url": "http://a", "burst": null}]}"#)
        #expect(read.redis == nil)
        #expect(read.cache == .init())
        #expect(read.mirrors == [MirrorConfiguration(url: "http://a")])
    }

    @Test func `mirrors are needed only by those who ask them`() throws {
        #expect(throws: SluiceError.self) { try PoolConfiguration.read(environment: [:]) }
        #expect(try PoolConfiguration.read(environment: ["SLUICE_POOL": "p"], needsMirrors: false).pool == "p")
    }

    @Test func `a limit and its text are one`() throws {
        for text in ["30/1m", "1000/1d", "1/1ms", "10000000/31d", "7/90s"] {
            #expect(try MirrorConfiguration.Limit(text: text).text == text)
        }
        #expect(try MirrorConfiguration.Limit(text: "30/60s").text == "30/1m")
    }

    @Test(arguments: [
        ("0", 0), ("1048576", 1 << 20), ("64MiB", 64 << 20), ("10MB", 10_000_000), ("3kib", 3072), ("2GB", 2_000_000_000), ("7B", 7),
    ])
    func `sizes are read in both kinds of units`(text: String, bytes: Int) throws {
        #expect(try ByteSizeText.bytes(of: text) == bytes)
        #expect(try ByteSizeText.bytes(of: ByteSizeText.text(of: bytes)) == bytes)
    }

    @Test func `a slip in a variable's name is noticed, others' variables are not`() {
        let slips = PoolConfiguration.slips(in: [
            "SLUICE_MIRROR": "x", "SLUICE_REDIS": "x", "SLUICE_POOL": "x", "SLUICE_PORT": "tcp://1.2.3.4", "SLUICE_SERVICE_HOST": "x",
            "PATH": "x",
            "SLUICE_MANAGEMENT_TOKEN": "x", "SLUICE_DEADLIEN": "1s",
        ])
        #expect(slips.map(\.written) == ["SLUICE_DEADLIEN", "SLUICE_MIRROR", "SLUICE_REDIS"])
        #expect(slips.map(\.meant) == ["SLUICE_DEADLINE", "SLUICE_MIRRORS", "SLUICE_REDIS_URL"])
    }

    @Test func `a slip in the name of any variable that the README has is noticed`() throws {
        let readme = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../README.md").standardized
        let rows = try String(contentsOf: readme, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `SLUICE_") }
        let names = rows.flatMap { row in (row.split(separator: "|").first ?? "").matches(of: /`(SLUICE_[A-Z_]+)`/).map { String($0.1) } }
        #expect(names.count > 10 && names.contains("SLUICE_ACCESS_LOG"))
        for name in names {
            #expect(PoolConfiguration.slips(in: [name: "x"]).isEmpty, "\(name)")
            var slip = name
            slip.removeLast()
            #expect(PoolConfiguration.slips(in: [slip: "x"]).map(\.meant) == [name], "\(slip)")
        }
        #expect(PoolConfiguration.slips(in: ["SLUICE_ACCES_LOG": "-"]).map(\.meant) == ["SLUICE_ACCESS_LOG"])
    }

    @Test(arguments: [
        ("mirors", "mirrors"), ("upstraem", "upstream"), ("URL", "url"), ("limit", "limits"), ("headesr", "headers"), ("xyzzy", nil),
        ("", nil),
    ])
    func `the nearest name is found when it is near`(written: String, meant: String?) {
        #expect(NearestName.of(written, among: ["url", "name", "limits", "headers", "mirrors", "upstream"]) == meant)
    }
}

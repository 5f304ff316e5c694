import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

@testable import SluiceCache

/// The scripts themselves, each call as some process would make it: what Redis refuses must not depend on what processes notice.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ScriptTests {
    private static let keys = RedisKeys(prefix: "sluice:{t}:")
    private static let key = CacheKey(normal: "/posts/1")
    private static let record = keys.record(key)
    private static let flight = keys.flight(key)

    private func withRedis(_ body: (RedisServer, RedisClient) async throws -> Void) async throws {
        let server = try await privateRedis()
        let loop = EventLoop(name: "scripts")
        let client = RedisClient(endpoint: try RedisEndpoint(url: server.url), loop: loop)
        await client.start()
        var failure: (any Error)?
        do { try await body(server, client) } catch { failure = error }
        await client.shutDown()
        await loop.shutDown()
        await server.kill()
        if let failure { throw failure }
    }

    private func lookUp(_ client: RedisClient, _ token: String, mode: String = "take") async throws -> [String] {
        let arguments: CommandArguments = [token, "5000", "node", mode, "", ""]
        let reply = try await client.run(
            CacheScripts.lookup, keys: [Self.record, Self.flight, Self.keys.purges, Self.keys.prefixPurges], arguments: arguments)
        return (reply.array ?? []).prefix(2).compactMap(\.string)
    }

    private func fill(
        _ client: RedisClient, _ token: String, fresh: Int = 60_000, refresh: Int? = nil, stale: Int = 60_000, tags: Int = 0
    ) async throws -> String? {
        let arguments: CommandArguments = [token, "\(fresh)", "\(refresh ?? stale)", "\(stale)", "5000", "version", token, "body", "b"]
        let keys =
            [Self.record, Self.flight, Self.keys.horizon, Self.keys.prefixPurges]
            + (0..<tags).flatMap { [Self.keys.tag("\($0)"), Self.keys.tagPurge("\($0)")] }
        return try await client.run(CacheScripts.fill, keys: keys, arguments: arguments).array?.first?.string
    }

    /// Stores an item of a collection that was asked for after so many purges and is so old.
    private func warm(_ client: RedisClient, purges: Int = 0, age: Int = 0, version: String = "item") async throws -> String? {
        let arguments: CommandArguments = [
            "\(purges)", "\(age)", "60000", "60000", "60000", "version", version, "age_ms", "\(age)", "body", "b",
        ]
        let keys = [
            Self.record, Self.keys.purges, Self.keys.purgeLog, Self.keys.horizon, Self.keys.prefixPurges, Self.keys.tag("t"),
            Self.keys.tagPurge("t"),
        ]
        return try await client.run(CacheScripts.warm, keys: keys, arguments: arguments).array?.first?.string
    }

    private func purge(_ client: RedisClient, _ key: CacheKey = Self.key, limit: Int = 100) async throws -> Int64? {
        let names = [Self.keys.record(key), Self.keys.flight(key), Self.keys.purges, Self.keys.purgeLog, Self.keys.horizon]
        return try await client.run(CacheScripts.purge, keys: names, arguments: ["\(limit)"]).int64
    }

    private func purge(_ client: RedisClient, tag: String) async throws -> Int? {
        let names = [Self.keys.tag(tag), Self.keys.tagPurge(tag), Self.keys.purges, Self.keys.horizon, Self.keys.purgeLog]
        let arguments: CommandArguments = [tag, Self.keys.recordPrefix, Self.keys.flightPrefix, "100"]
        return try await client.run(CacheScripts.purgeTag, keys: names, arguments: arguments).array?.count
    }

    private func run(_ client: RedisClient, _ script: RedisScript, _ arguments: String...) async throws -> Int64? {
        try await client.run(script, keys: [Self.record, Self.flight, Self.keys.prefixPurges], arguments: CommandArguments(arguments))
            .int64
    }

    @Test func `one token takes the flight, and only it fills`() async throws {
        try await withRedis { (server, client) async throws in
            #expect(try await lookUp(client, "a", mode: "read") == ["none", "unneeded"])
            #expect(try await lookUp(client, "a") == ["none", "taken"])
            #expect(try await lookUp(client, "b") == ["none", "held"])
            #expect(try await lookUp(client, "a") == ["none", "taken"], "asking again with one's own token is harmless")
            #expect(try await fill(client, "b") == "refused")
            #expect(try await server.cli("EXISTS", Self.flight) == "1", "a stranger's fill must not end the flight")
            #expect(try await fill(client, "a") == "filled")
            #expect(try await fill(client, "a") == "filled", "the same fill again, since its reply was lost")
            #expect(try await lookUp(client, "b") == ["whole", "unneeded"])
            #expect(try await lookUp(client, "b", mode: "force") == ["none", "taken"])
        }
    }

    @Test func `a question that is asked again holds the flight for a whole lease from then on`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            // Most of the lease is over when the question is asked again.
            let taken = try #require(Int(try await server.cli("HGET", Self.flight, "until_ms")))
            try await server.cli("HSET", Self.flight, "until_ms", "\(taken - 4_000)")
            #expect(try await lookUp(client, "a") == ["none", "taken"])
            #expect(try #require(Int(try await server.cli("HGET", Self.flight, "until_ms"))) >= taken)
        }
    }

    @Test func `what is stored for failures only ends the wait for its flight until a purge`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await fill(client, "a", fresh: 0, refresh: 0) == "filled")
            #expect(try await fill(client, "a", fresh: 0, refresh: 0) == "filled", "the same fill again, since its reply was lost")
            for token in ["b", "c"] { #expect(try await lookUp(client, token) == ["whole", "declined"]) }
            #expect(try await lookUp(client, "d", mode: "force") == ["none", "declined"])
            #expect(try #require(Int(try await server.cli("PTTL", Self.record))) > 50_000)
            // A newer item of a collection is fresh to all.
            #expect(try await warm(client) == "filled")
            #expect(try await lookUp(client, "e") == ["whole", "unneeded"])
            _ = try await purge(client)
            #expect(try await lookUp(client, "f") == ["none", "taken"])
        }
    }

    @Test(arguments: [false, true])
    func `a flight whose answers are not kept leaves little, for as long as somebody may fetch beside it`(isStored: Bool) async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            _ = try await lookUp(client, "b")
            if isStored {
                #expect(try await fill(client, "a", fresh: 0, refresh: 0) == "filled")
            } else {
                #expect(try await run(client, CacheScripts.decline, "a", "5000") == 1)
            }
            #expect(try await lookUp(client, "b") == [isStored ? "whole" : "none", "declined"])
            let fields = try await server.cli("HKEYS", Self.flight).split(separator: "\n").sorted()
            #expect(fields == ["declined", "purges", "until_ms"])
            let life = try #require(Int(try await server.cli("PTTL", Self.flight)))
            #expect((3_500_000...3_605_000).contains(life), "\(life)")
        }
    }

    @Test(arguments: [false, true])
    func `a record goes when its flight brings what must not be kept, but not what somebody wrote meanwhile`(isWritten: Bool) async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await fill(client, "a", fresh: 0, refresh: 50_000) == "filled")
            #expect(try await lookUp(client, "b") == ["whole", "taken"])
            if isWritten { try await server.cli("HSET", Self.record, "body", "by hand") }
            #expect(try await run(client, CacheScripts.decline, "b", "5000") == 1)
            #expect(try await lookUp(client, "c") == [isWritten ? "whole" : "none", "declined"])
        }
    }

    @Test func `a fill is refused once its lease has ended and another holds the flight`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            try await server.cli("DEL", Self.flight)
            _ = try await lookUp(client, "b")
            #expect(try await fill(client, "a") == "refused")
            #expect(try await run(client, CacheScripts.renew, "a", "5000") == 0)
            #expect(try await run(client, CacheScripts.abandon, "a") == 0)
            #expect(try await run(client, CacheScripts.renew, "b", "5000") == 1)
            #expect(try await fill(client, "b") == "filled")
        }
    }

    @Test(arguments: ["DEL", "HSET body", "HSET new field", "SET", "stored"])
    func `a fill older than a write to the record is refused, and its flight is free again`(kind: String) async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "first")
            #expect(try await fill(client, "first", fresh: 0, stale: 60_000) == "filled")
            #expect(try await lookUp(client, "a") == ["whole", "taken"])
            switch kind {
            case "DEL": try await server.cli("DEL", Self.record)
            case "HSET body": try await server.cli("HSET", Self.record, "body", "by hand")
            case "HSET new field": try await server.cli("HSET", Self.record, "status", "201")
            case "SET": try await server.cli("SET", Self.record, "x")
            default: #expect(try await warm(client) == "filled")
            }
            #expect(try await fill(client, "a") == "refused")
            #expect(try await server.cli("EXISTS", Self.flight) == "0")
        }
    }

    @Test func `a renewal after a write says so`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await run(client, CacheScripts.renew, "a", "5000") == 1)
            try await server.cli("HSET", Self.record, "body", "by hand")
            #expect(try await run(client, CacheScripts.renew, "a", "5000") == 0)
            #expect(try await server.cli("EXISTS", Self.flight) == "0")
        }
    }

    @Test func `a stale record that ends its natural life during the fetch does not stand in the way`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "first")
            _ = try await fill(client, "first", fresh: 0, stale: 400)
            #expect(try await lookUp(client, "a") == ["whole", "taken"])
            try await eventually("the record's end") { try await server.cli("EXISTS", Self.record) == "0" }
            #expect(try await fill(client, "a") == "filled")
        }
    }

    @Test func `a purge fences the flight`() async throws {
        try await withRedis { (_, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await purge(client) == 0)
            #expect(try await fill(client, "a") == "refused")
        }
    }

    @Test func `an item of a collection that was asked for before a purge is refused, by path and by tag, and one of a newer is not`()
        async throws
    {
        try await withRedis { (server, client) async throws in
            #expect(try await warm(client) == "filled")
            #expect(try await warm(client) == "filled", "the same again, since its reply was lost")
            #expect(try await purge(client) == 1)
            #expect(try await warm(client) == "refused")
            #expect(try await warm(client, purges: 1, age: 9_000) == "filled")
            #expect(try await purge(client, tag: "t") == 0, "it does not name the tag")
            #expect(try await warm(client, purges: 1) == "refused")
            #expect(try await warm(client, purges: 2, version: "next") == "filled")
            // A count that is ahead of Redis' own is from before a loss of data.
            try await server.cli("FLUSHALL")
            #expect(try await warm(client, purges: 2) == "refused")
            #expect(try await warm(client) == "filled")
        }
    }

    @Test func `an item does not take the place of a fresh record that is no older, but that of an older one`() async throws {
        try await withRedis { (_, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await fill(client, "a") == "filled")
            #expect(try await warm(client, age: 5_000) == "filled", "a record that does not say how old it is may go")
            #expect(try await warm(client, age: 9_000, version: "older") == "kept")
            #expect(try await warm(client, age: 0, version: "newer") == "filled")
        }
    }

    private func purge(_ client: RedisClient, prefix: String, limit: Int = 512) async throws -> String? {
        let arguments: CommandArguments = [Self.keys.recordPrefix + prefix, Self.keys.recordPrefix, "\(limit)"]
        let keys = [Self.keys.purges, Self.keys.prefixPurges, Self.keys.horizon]
        return try await client.run(CacheScripts.purgePrefix, keys: keys, arguments: arguments).string
    }

    @Test(arguments: ["GET:/posts/", "GET:/posts/1", ""])
    func `a purge of a prefix makes a record dead, fences its flight, and refuses an older item`(prefix: String) async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await fill(client, "a", fresh: 0) == "filled")
            #expect(try await lookUp(client, "b") == ["whole", "taken"])
            _ = try await purge(client, prefix: prefix)
            #expect(try await run(client, CacheScripts.renew, "b", "5000") == 0)
            #expect(try await lookUp(client, "c") == ["none", "taken"])
            #expect(try await server.cli("EXISTS", Self.record) == "0", "a dead record goes when it is met")
            _ = try await purge(client, prefix: prefix)
            #expect(try await fill(client, "c") == "refused")
            #expect(try await lookUp(client, "d") == ["none", "taken"])
            _ = try await purge(client, prefix: prefix)
            #expect(try await lookUp(client, "e") == ["none", "taken"], "nobody waits for a flight that can fill nothing")
            #expect(try await fill(client, "d") == "refused")
            #expect(try await warm(client, purges: 2) == "refused")
            #expect(try await fill(client, "e") == "filled")
            #expect(try await lookUp(client, "f") == ["whole", "unneeded"])
            #expect(try await warm(client, purges: 3) == "filled")
        }
    }

    @Test func `a purge of another prefix leaves a record and its flight alone`() async throws {
        try await withRedis { (_, client) async throws in
            _ = try await lookUp(client, "a")
            _ = try await purge(client, prefix: "GET:/posts/2")
            _ = try await purge(client, prefix: "GET:/posts/11")
            #expect(try await fill(client, "a") == "filled")
            #expect(try await lookUp(client, "b") == ["whole", "unneeded"])
        }
    }

    @Test func `more prefixes than can be told apart purge everything`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await fill(client, "a") == "filled")
            for number in 0..<3 {
                #expect(try await purge(client, prefix: "GET:/\(number)", limit: 3) == Self.keys.recordPrefix + "GET:/\(number)")
            }
            #expect(
                try await purge(client, prefix: "GET:/2", limit: 3) == Self.keys.recordPrefix + "GET:/2", "one that is there takes no room")
            #expect(try await lookUp(client, "b") == ["whole", "unneeded"])
            #expect(try await purge(client, prefix: "GET:/3", limit: 3) == Self.keys.recordPrefix)
            #expect(try await server.cli("ZCARD", Self.keys.prefixPurges) == "1")
            #expect(try await lookUp(client, "b") == ["none", "taken"])
        }
    }

    @Test func `a record that counts more purges than the pool is from before a loss of data, and dead`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await fill(client, "a") == "filled")
            try await server.cli("HSET", Self.record, "purges", "7")
            #expect(try await lookUp(client, "b") == ["none", "taken"])
        }
    }

    @Test(arguments: ["rubbish", "nan", "inf", "9223372036854775807", ""])
    func `whatever somebody writes where a number is kept, records are found, filled and purged`(text: String) async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            for field in ["until_ms", "purges", "waited_for", "taken_ms"] { try await server.cli("HSET", Self.flight, field, text) }
            for key in [Self.keys.purges, Self.keys.horizon, Self.keys.tagPurge("0")] { try await server.cli("SET", key, text) }
            #expect(try await lookUp(client, "b") == ["none", "taken"], "nobody holds it for a time that can be read")
            try await server.cli("HSET", Self.flight, "waited_for", text)
            #expect(try await lookUp(client, "c") == ["none", "held"])
            #expect(try await fill(client, "b", tags: 1) == "filled")
            for field in ["purges", "held_ms", "seen_until_ms"] { try await server.cli("HSET", Self.record, field, text) }
            #expect(try await lookUp(client, "c") == ["whole", "unneeded"])
            #expect(try await purge(client) == 1)
            #expect(try await server.cli("GET", Self.keys.purges) == "1", "they are counted anew")
            #expect(try await lookUp(client, "d") == ["none", "taken"])
            #expect(try await warm(client, purges: 1) == "filled")
        }
    }

    @Test func `purges are remembered as long as anything older may live, in one log of few names`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await fill(client, "a", fresh: 0, stale: 900_000_000) == "filled")
            for number in 0..<10 { _ = try await purge(client, CacheKey(normal: "/\(number)"), limit: 5) }
            #expect(try #require(Int(try await server.cli("PTTL", Self.keys.purgeLog))) > 890_000_000)
            #expect(try #require(Int(try await server.cli("ZCARD", Self.keys.purgeLog))) <= 5)
            _ = try await purge(client, tag: "t")
            let life = try #require(Int(try await server.cli("PTTL", Self.keys.tagPurge("t"))))
            #expect(life <= 3_600_000, "for as long as a fetch may take")
            #expect(try await server.cli("KEYS", "*purged*").split(separator: "\n").count == 2)
        }
    }

    @Test func `an item from before more purges than can be told apart is refused, one from after them is not`() async throws {
        try await withRedis { (_, client) async throws in
            for number in 1...3 { _ = try await purge(client, CacheKey(normal: "/\(number)"), limit: 3) }
            _ = try await purge(client, CacheKey(normal: "/3"), limit: 3)
            #expect(try await warm(client, age: 9_000) == "filled", "the log is full, and knows them all")
            _ = try await purge(client, CacheKey(normal: "/4"), limit: 3)
            #expect(try await warm(client, purges: 4, age: 5_000, version: "next") == "refused")
            #expect(try await warm(client, purges: 5, age: 5_000, version: "next") == "filled")
            _ = try await purge(client, CacheKey(normal: "/5"), limit: 3)
            #expect(try await warm(client, purges: 5, version: "last") == "filled")
        }
    }

    @Test func `a fill with tags whose flight is older than a tag's purge is remembered is refused`() async throws {
        try await withRedis { (server, client) async throws in
            for (tags, expected) in [(0, "filled"), (1, "refused")] {
                _ = try await lookUp(client, "a", mode: "force")
                let taken = try #require(Int(try await server.cli("HGET", Self.flight, "taken_ms")))
                try await server.cli("HSET", Self.flight, "taken_ms", "\(taken - 3_700_000)")
                #expect(try await fill(client, "a", tags: tags) == expected)
                try await server.cli("DEL", Self.record)
            }
        }
    }

    @Test func `all keys of the cache live under the pool's prefix and hash tag`() async throws {
        try await withRedis { (server, client) async throws in
            _ = try await lookUp(client, "a")
            #expect(try await server.cli("HGET", Self.flight, "holder") == "node")
            _ = try await fill(client, "a")
            let names = try await server.cli("KEYS", "*").split(separator: "\n")
            #expect(Set(names) == ["sluice:{t}:cache:GET:/posts/1", "sluice:{t}:cache-horizon"])
        }
    }
}

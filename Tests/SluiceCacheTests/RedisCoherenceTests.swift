import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)), .serialized)
struct RedisCoherenceTests {
    private var soon: Instant { Instant.now.advanced(by: .seconds(300)) }
    private static let recordName = "sluice:{t}:cache:GET:/posts/1"
    private var key: CacheKey { get throws { try CacheKey(target: "/posts/1") } }

    /// Reads until the record is in memory and verified.
    private func settle(_ process: CacheProcess, _ mirror: FakeMirror) async throws {
        let key = try key
        // The fill's own message must have been heard, or it would unverify the entry later.
        _ = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
        await process.signals.wait { $0.keys[Self.recordName] ?? 0 >= 1 }
        _ = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
        #expect(process.cache.memoryHit(for: key) != nil)
    }

    @Test func `G4 a record deleted with redis-cli is fetched anew by every process`() async throws {
        try await withProcesses(2) { server, processes in
            let mirror = FakeMirror()
            let key = try key
            for process in processes { try await settle(process, mirror) }
            #expect(mirror.count == 1)
            try await server.cli("DEL", Self.recordName)
            for process in processes { await process.signals.wait { $0.keys[Self.recordName] ?? 0 >= 2 } }
            for process in processes {
                #expect(process.cache.memoryHit(for: key) == nil)
                #expect(try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == "2")
            }
            #expect(mirror.count == 2)
        }
    }

    @Test func `G4 a body written with redis-cli is what every process serves next`() async throws {
        try await withProcesses(2) { server, processes in
            let mirror = FakeMirror()
            let key = try key
            for process in processes { try await settle(process, mirror) }
            // The version stays as it was: only the contents tell. And back again.
            for (round, body) in ["2", "1", "1234"].enumerated() {
                try await server.cli("HSET", Self.recordName, "body", body)
                for process in processes {
                    await process.signals.wait { $0.keys[Self.recordName] ?? 0 >= 2 + round }
                    #expect(process.cache.memoryHit(for: key) == nil)
                    #expect(try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == body)
                    #expect(process.cache.memoryHit(for: key)?.text == body)
                }
            }
            #expect(mirror.count == 1)
        }
    }

    @Test func `G4 after FLUSHALL nothing old is served`() async throws {
        try await withProcesses(2) { server, processes in
            let mirror = FakeMirror()
            let key = try key
            for process in processes { try await settle(process, mirror) }
            try await server.cli("FLUSHALL")
            for process in processes {
                await process.signals.wait { $0.flushes == 1 }
                #expect(process.cache.memoryHit(for: key) == nil)
                #expect(try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == "2")
            }
            #expect(mirror.count == 2)
        }
    }

    @Test func `G4 a lost connection makes every entry unverified, and verifying fetches nothing`() async throws {
        try await withProcesses(1) { server, processes in
            let mirror = FakeMirror()
            let (key, process) = (try key, processes[0])
            try await settle(process, mirror)
            try await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
            await process.signals.wait { $0.losses == 1 }
            #expect(process.cache.memoryHit(for: key) == nil || process.signals.heard.connections == 2)
            await process.signals.wait { $0.connections == 2 }
            #expect(process.cache.memoryHit(for: key) == nil)
            let answer = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            #expect(answer.source == .memory && answer.text == "1" && !answer.stale)
            #expect(process.cache.memoryHit(for: key) != nil)
            #expect(mirror.count == 1)
        }
    }

    @Test func `after a loss a hundred entries are verified by as many small commands, in a few writes`() async throws {
        try await withProcesses(1) { (server, processes) async throws in
            let (process, mirror) = (processes[0], FakeMirror())
            mirror.body = String(repeating: "x", count: 4_096)
            let keys = try (1...100).map { try CacheKey(target: "/posts/\($0)") }
            func askAll() async throws {
                // From the loop itself, so that all ask in one turn of it.
                let deadline = soon
                try await withTaskExecutorPreference(process.loop) {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for key in keys {
                            group.addTask { _ = try await process.cache.answer(for: key, deadline: deadline, fetch: mirror.fetch) }
                        }
                        try await group.waitForAll()
                    }
                }
            }
            func figures() async throws -> (calls: Int, reads: Int, sent: Int) {
                let lines = try await server.cli("INFO", "everything").split(whereSeparator: \.isNewline)
                func number(_ name: String) -> Int {
                    lines.first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count).prefix { $0.isNumber }) } ?? 0
                }
                return (number("cmdstat_evalsha:calls="), number("total_reads_processed:"), number("total_net_output_bytes:"))
            }
            try await eventually("the last answer in memory") {
                try await askAll()
                return keys.allSatisfy { process.cache.memoryHit(for: $0) != nil }
            }
            try await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
            await process.signals.wait { $0.connections == 2 }
            let before = try await figures()
            // What asking itself costs.
            let idle = try await figures()
            try await askAll()
            let after = try await figures()
            let sent = (after.sent - idle.sent) - (idle.sent - before.sent)
            print("verification of 100 entries: \(after.calls - idle.calls) scripts, \(after.reads - idle.reads) reads, \(sent) bytes")
            #expect(after.calls - idle.calls == 100)
            #expect(after.reads - idle.reads < 30, "they were not sent together")
            #expect(sent < 100 * 200, "bodies were sent again")
            #expect(keys.allSatisfy { process.cache.memoryHit(for: $0) != nil } && mirror.count == 100)
        }
    }

    @Test func `without Redis an entry is served as stale within its bounds, and nothing is fetched`() async throws {
        try await withProcesses(1) { server, processes in
            let mirror = FakeMirror()
            let (key, process) = (try key, processes[0])
            try await settle(process, mirror)
            await server.kill()
            await process.signals.wait { $0.losses == 1 }
            #expect(process.cache.memoryHit(for: key) == nil)
            let answer = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            #expect(answer.stale && answer.text == "1" && answer.source == .memory)
            #expect(mirror.count == 1)
            #expect(process.cache.statistics.staleServed == 1)
        }
    }

    @Test func `a record is a hash that redis-cli shows readably, with its life as TTL`() async throws {
        try await withProcesses(1) { server, processes in
            let mirror = FakeMirror()
            mirror.headers = [("Content-Type", "text/plain"), ("ETag", "\"e1\""), ("Cache-Tag", "posts,all")]
            mirror.body = "hello"
            let policy = CachePolicy(fresh: .seconds(100), stale: .seconds(50))
            _ = try await processes[0].cache.answer(for: key, policy: policy, deadline: soon, fetch: mirror.fetch)
            let lines = try await server.cli("HGETALL", Self.recordName).split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
            func after(_ name: String) -> String? { lines.firstIndex(of: name).map { lines[$0 + 1] } }
            #expect(after("status") == "200" && after("body") == "hello" && after("etag") == "\"e1\"" && after("tags") == "posts all")
            #expect(after("mirror") == "fake" && lines.contains("content-type: text/plain") && after("version") != nil)
            let stored = try #require(after("stored_ms").flatMap { Int64($0) })
            let fresh = try #require(after("fresh_until_ms").flatMap { Int64($0) })
            let stale = try #require(after("stale_until_ms").flatMap { Int64($0) })
            // Its life began when it was received.
            let age = try #require(after("age_ms").flatMap { Int64($0) })
            #expect(fresh - stored + age == 100_000 && stale - fresh == 50_000)
            let ttl = try #require(Int64(try await server.cli("PTTL", Self.recordName)))
            #expect((90_000...150_000).contains(ttl))
            #expect(try await server.cli("EXISTS", "sluice:{t}:flight:GET:/posts/1") == "0")
        }
    }

    @Test(arguments: ["SET", "HSET status", "HSET fresh", "HSET format", "HDEL body"])
    func `whatever somebody makes of a record, it is a miss and no more`(kind: String) async throws {
        try await withProcesses(1) { server, processes in
            let mirror = FakeMirror()
            _ = try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            switch kind {
            case "SET": try await server.cli("SET", Self.recordName, "x")
            case "HSET status": try await server.cli("HSET", Self.recordName, "status", "OK")
            case "HSET fresh": try await server.cli("HSET", Self.recordName, "fresh_until_ms", "soon")
            case "HSET format": try await server.cli("HSET", Self.recordName, "format", "99")
            default: try await server.cli("HDEL", Self.recordName, "body")
            }
            await processes[0].signals.wait { $0.keys[Self.recordName] ?? 0 >= 2 }
            #expect(try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == "2")
            #expect(try await server.cli("HGET", Self.recordName, "body") == "2")
        }
    }

    @Test(arguments: [0, 1, 55, 56, 63, 64, 119, 120, 5_000])
    func `Swift and Lua compute one digest`(length: Int) async throws {
        let server = try await privateRedis()
        let message = String(repeating: "ä", count: length)
        #expect(
            try await server.cli("EVAL", "return redis.sha1hex(ARGV[1])", "0", message) == SHA1.hexadecimal(Array(message.utf8)))
        await server.kill()
    }

    @Test func `items stored by a collection's fetch are found by every process, and purged by path and tag`() async throws {
        try await withProcesses(2) { _, processes in
            let mirror = FakeMirror()
            let list = FakeMirror()
            list.headers = [("Cache-Tag", "posts"), ("ETag", "\"of the list\""), ("Content-Type", "text/x"), ("Link", "</posts?page=2>")]
            let hour = CachePolicy(fresh: .seconds(3_600))
            let collection = try await processes[0].cache.answer(
                for: CacheKey(target: "/posts"), policy: hour, deadline: soon, fetch: list.fetch)
            let items = try (1...20).map { CacheItem(key: try CacheKey(target: "/posts/\($0)"), body: Array("item \($0)".utf8)) }
            #expect(try await processes[0].cache.outcomes(items, from: collection) == Array(repeating: .stored, count: 20))
            for number in 1...20 {
                let key = try CacheKey(target: "/posts/\(number)")
                let answer = try await processes[1].cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
                #expect(answer.text == "item \(number)" && answer.source == .redis)
                #expect(answer.record.headers.map(\.0).sorted() == ["cache-tag", "content-type"])
                #expect(answer.record.revalidation == nil, "the list's validators say nothing of an item")
                #expect(answer.remainingFresh <= collection.remainingFresh && answer.remainingFresh > .seconds(3_000))
            }
            #expect(mirror.count == 0)
            let key = try key
            for expected in [true, false] {
                let existed = try await processes[0].cache.purge(key)
                #expect(existed == expected)
            }
            let purged = try await processes[0].cache.purge(tag: "posts")
            #expect(purged == 20, "with the collection's own")
            let second = try CacheKey(target: "/posts/2")
            let answer = try await processes[0].cache.answer(for: second, deadline: soon, fetch: mirror.fetch)
            #expect(answer.text == "1")
        }
    }

    @Test func `a process that never had the answer says that Redis gave it, also when it asked twice since its messages had just begun`()
        async throws
    {
        try await withProcesses(2) { server, processes in
            let (mirror, key, deadline) = (FakeMirror(), try key, soon)
            _ = try await processes[0].cache.answer(for: key, deadline: deadline, fetch: mirror.fetch)
            server.pause()
            let newcomer = processes[1].cache
            async let answer = newcomer.answer(for: key, deadline: deadline, fetch: mirror.fetch)
            try await newcomer.waitForCallers(1, of: key)
            // As at a process's start: the subscription stands while its first question is on its way.
            await newcomer.connectionRestored()
            server.resume()
            #expect(try await answer.source == .redis)
            #expect(mirror.count == 1)
        }
    }

    @Test func `what is stored counts in memory from when it was sent, however long Redis' reply takes`() async throws {
        try await withProcesses(1) { server, processes in
            let (cache, mirror, key, deadline) = (processes[0].cache, FakeMirror(isHeld: true), try key, soon)
            mirror.headers = [("Cache-Control", "max-age=100")]
            let delay = Duration.milliseconds(400)
            func passes(since start: Instant) async throws {
                try await eventually("the moment") { Instant.now.duration(since: start) >= delay }
            }
            let call = Task { try await cache.answer(for: key, deadline: deadline, fetch: mirror.fetch) }
            await mirror.waitForArrivals(1)
            server.pause()
            mirror.release()
            try await cache.waitForFill(of: key)
            let sent = Instant.now
            try await passes(since: sent)
            server.resume()
            let collection = try await call.value
            let entry = try #require(cache.memory.find(key, now: .now))
            #expect(entry.freshUntil <= sent.advanced(by: .seconds(100)))
            // The items of a collection, too; and the record in memory is the one in Redis.
            let item = CacheItem(key: try CacheKey(target: "/posts/2"), body: [UInt8(ascii: "x")])
            server.pause()
            let began = Instant.now
            async let outcomes = cache.outcomes([item], from: collection)
            try await passes(since: began)
            server.resume()
            #expect(try await outcomes == [.stored])
            let held = try #require(cache.memory.find(item.key, now: .now))
            #expect(try await server.cli("HGET", "sluice:{t}:cache:GET:/posts/2", "age_ms") == "\(held.record.ageWhenStored)")
        }
    }

    @Test func `a large body and an answer that forbids keeping it are passed on and forgotten`() async throws {
        var options = CacheOptions()
        options.bodyLimit = 10
        try await withProcesses(1, options: options) { server, processes in
            let (mirror, key) = (FakeMirror(), try key)
            mirror.body = String(repeating: "x", count: 11)
            #expect(try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text.utf8.count == 11)
            mirror.body = "short"
            mirror.headers = [("Cache-Control", "no-store")]
            #expect(try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == "short")
            #expect(try await server.cli("KEYS", "sluice:{t}:cache*") == "", "no record, and nothing that speaks of one")
        }
    }
}

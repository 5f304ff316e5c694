import SluiceHarness
import SluiceLoop
import Testing

@testable import SluiceCache

/// Purges of many keys at once.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct PrefixPurgeTests {
    private var soon: Instant { Instant.now.advanced(by: .seconds(300)) }

    /// Reads until a record is in memory and verified.
    private func settle(_ process: CacheProcess, _ target: String, _ mirror: FakeMirror) async throws {
        let key = try CacheKey(target: target)
        try await eventually("the verification of \(target)") {
            _ = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            return process.cache.memoryHit(for: key) != nil
        }
    }

    @Test(arguments: ["/posts/", nil])
    func `G4 a purge of a prefix, or of everything, reaches every process's memory at once and spares the rest`(prefix: String?)
        async throws
    {
        try await withProcesses(3) { _, processes in
            let mirror = FakeMirror()
            mirror.body = "old"
            let covered = ["/posts/1", "/posts/2?x=1"]
            for process in processes { for target in covered + ["/posts", "/todos/1"] { try await settle(process, target, mirror) } }
            #expect(mirror.count == 4)
            mirror.body = "new"
            try await processes[0].cache.purge(prefix.map { try KeyPrefix(path: $0) } ?? .everything)
            // The one who purged knows at once, the others with the message.
            #expect(try processes[0].cache.memoryHit(for: CacheKey(target: covered[0])) == nil)
            for process in processes {
                for target in covered {
                    let key = try CacheKey(target: target)
                    try await eventually("the message") { process.cache.memoryHit(for: key).map { $0.text != "old" } ?? true }
                    #expect(try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == "new")
                }
                #expect(try process.cache.memoryHit(for: CacheKey(target: "/todos/1")).map { $0.text != "old" } ?? true == (prefix == nil))
            }
            #expect(mirror.count == 6)
            for target in ["/posts", "/todos/1"] {
                let text = try await processes[1].cache.answer(for: CacheKey(target: target), deadline: soon, fetch: mirror.fetch).text
                #expect(text == (prefix == nil ? "new" : "old"), "\(target)")
            }
        }
    }

    @Test(arguments: ["/posts/", nil])
    func `G4 what is being fetched when a prefix is purged is not stored, and who waits gets a newer answer`(prefix: String?) async throws {
        try await withProcesses(2) { _, processes in
            let mirror = FakeMirror(isHeld: true)
            let (key, deadline) = (try CacheKey(target: "/posts/1"), soon)
            async let holding = processes[0].cache.answer(for: key, deadline: deadline, fetch: mirror.fetch)
            await mirror.waitForArrivals(1)
            async let waiting = processes[1].cache.answer(for: key, deadline: deadline, fetch: mirror.fetch)
            try await processes[1].cache.waitForCallers(1, of: key)
            try await processes[1].cache.purge(prefix.map { try KeyPrefix(path: $0) } ?? .everything)
            await mirror.waitForArrivals(2)
            mirror.release()
            #expect(try await holding.text == "2")
            #expect(try await waiting.text == "2")
            #expect(mirror.count == 2)
        }
    }

    @Test func `a purge of everything costs as many commands for ten thousand records as for none`() async throws {
        try await withProcesses(1) { server, processes in
            let list = FakeMirror()
            let collection = try await processes[0].cache.answer(for: CacheKey(target: "/posts"), deadline: soon, fetch: list.fetch)
            func cost() async throws -> Int {
                try await server.cli("CONFIG", "RESETSTAT")
                try await processes[0].cache.purge(.everything)
                // Lines end as the protocol's do. A connection is asked for a sign of life each second, whatever else happens.
                let lines = try await server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
                return lines.reduce(0) { sum, line in
                    guard !line.contains("config"), !line.hasPrefix("cmdstat_ping:"),
                        let calls = line.split(separator: "=").dropFirst().first?.prefix(while: \.isNumber)
                    else { return sum }
                    return sum + (Int(calls) ?? 0)
                }
            }
            _ = try await cost()
            let empty = try await cost()
            #expect(empty > 0)
            let items = try (0..<10_000).map { CacheItem(key: try CacheKey(target: "/posts/\($0)"), body: [UInt8(ascii: "x")]) }
            let fresh = try await processes[0].cache.answer(for: CacheKey(target: "/posts"), deadline: soon, fetch: list.fetch)
            #expect(try await processes[0].cache.outcomes(items, from: fresh).allSatisfy { $0 == .stored })
            #expect(try await processes[0].cache.outcomes(Array(items.prefix(1)), from: collection) == [.refused])
            #expect(try await cost() == empty)
            let answer = try await processes[0].cache.answer(for: items[77].key, deadline: soon, fetch: list.fetch)
            #expect(answer.text != "x")
        }
    }

    @Test func `without Redis a purge of a prefix, and of everything, forgets memory and refuses what was under way`() async throws {
        let loop = EventLoop(name: "cache")
        let cache = ResponseCache(loop: loop, redis: nil, prefix: "sluice:{t}:")
        let mirror = FakeMirror()
        let keys = try ["/a/1", "/a/2", "/b"].map { try CacheKey(target: $0) }
        for key in keys { _ = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch) }
        let collection = try await cache.answer(for: keys[2], deadline: soon, fetch: mirror.fetch)
        try await cache.purge(KeyPrefix(path: "/a/"))
        #expect(keys.map { cache.memoryHit(for: $0) != nil } == [false, false, true])
        let items = keys.map { CacheItem(key: $0, body: []) }
        #expect(try await cache.outcomes(items, from: collection) == [.refused, .refused, .kept])
        let slow = FakeMirror(isHeld: true)
        async let waiting = cache.answer(for: keys[0], deadline: soon, fetch: slow.fetch)
        await slow.waitForArrivals(1)
        try await cache.purge(.everything)
        slow.release()
        #expect(try await waiting.text == "2")
        #expect(cache.memoryHit(for: keys[2]) == nil)
        await cache.shutDown()
        await loop.shutDown()
    }
}

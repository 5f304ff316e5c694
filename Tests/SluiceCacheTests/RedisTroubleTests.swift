import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

@testable import SluiceCache

/// Redis full, read-only, gone and back.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct RedisTroubleTests {
    private var soon: Instant { Instant.now.advanced(by: .seconds(300)) }

    private func settle(_ process: CacheProcess, _ key: CacheKey, _ mirror: FakeMirror) async throws {
        try await eventually("the verification of \(key)") {
            _ = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            return process.cache.memoryHit(for: key) != nil
        }
    }

    @Test func `a full Redis: calls go on, nothing more is stored, purges go through, and figures tell`() async throws {
        try await withProcesses(2) { (server, processes) async throws in
            let mirror = FakeMirror()
            let (old, new) = (try CacheKey(target: "/old"), try CacheKey(target: "/new"))
            for process in processes { try await settle(process, old, mirror) }
            let stored = try await processes[0].cache.answer(for: old, deadline: soon, fetch: mirror.fetch)
            try await server.cli("CONFIG", "SET", "maxmemory", "1")
            #expect(processes[0].cache.memoryHit(for: old) != nil)
            #expect(try await processes[1].cache.answer(for: old, deadline: soon, fetch: mirror.fetch).text == "1")
            // Two processes at once: one waits for the other, whose answer cannot be stored, and then fetches for itself.
            let deadline = soon
            async let first = processes[0].cache.answer(for: new, deadline: deadline, fetch: mirror.fetch)
            async let second = processes[1].cache.answer(for: new, deadline: deadline, fetch: mirror.fetch)
            #expect(Set([try await first.text, try await second.text]) == ["2", "3"])
            #expect(try await server.cli("EXISTS", "sluice:{t}:cache:GET:/new") == "0", "a full Redis is not made fuller")
            #expect(processes.reduce(0) { $0 + $1.cache.statistics.fillsFailed } == 2)
            await #expect(throws: CacheError.self) {
                try await processes[0].cache.outcomes([CacheItem(key: new, body: [])], from: stored)
            }
            #expect(try await server.cli("EXISTS", "sluice:{t}:cache:GET:/old") == "1")
            #expect(try await processes[0].cache.purge(old))
            _ = try await processes[0].cache.purge(tag: "t")
            try await processes[0].cache.purge(KeyPrefix(path: "/"))
            try await processes[0].cache.purge(.everything)
            #expect(try await processes[1].cache.answer(for: old, deadline: soon, fetch: mirror.fetch).text == "4")
            try await server.cli("CONFIG", "SET", "maxmemory", "0")
            _ = try await processes[0].cache.answer(for: new, deadline: soon, fetch: mirror.fetch)
            #expect(try await processes[1].cache.answer(for: new, deadline: soon, fetch: mirror.fetch).text == "5")
            #expect(mirror.count == 5)
        }
    }

    @Test func `a Redis that takes no writes: what it holds is served, fresh and stale, and a miss ends by its deadline`() async throws {
        try await withProcesses(2) { (server, processes) async throws in
            let mirror = FakeMirror()
            let (fresh, stale, none) = (try CacheKey(target: "/fresh"), try CacheKey(target: "/stale"), try CacheKey(target: "/none"))
            try await settle(processes[0], fresh, mirror)
            let brief = CachePolicy(fresh: .milliseconds(1), stale: .seconds(100))
            _ = try await processes[0].cache.answer(for: stale, policy: brief, deadline: soon, fetch: mirror.fetch)
            // Nobody is there to follow, and it keeps what it has.
            try await server.cli("REPLICAOF", "127.0.0.1", "1")
            #expect(processes[0].cache.memoryHit(for: fresh) != nil)
            let other = processes[1].cache
            let read = try await other.answer(for: fresh, deadline: soon, fetch: mirror.fetch)
            #expect(read.text == "1" && !read.stale && read.source == .redis)
            let old = try await other.answer(for: stale, deadline: soon, fetch: mirror.fetch)
            #expect(old.text == "2" && old.stale)
            let error = await #expect(throws: CacheError.self) {
                // Redis must have refused by then, or nobody knows why.
                try await other.answer(for: none, deadline: Instant.now.advanced(by: .seconds(10)), fetch: mirror.fetch)
            }
            #expect(error?.code == .redisUnavailable && error?.message.contains("it is a replica") == true)
            await #expect(throws: CacheError.self) { try await other.purge(fresh) }
            #expect(mirror.count == 2)
            try await server.cli("REPLICAOF", "NO", "ONE")
            #expect(try await other.answer(for: none, deadline: soon, fetch: mirror.fetch).text == "3")
        }
    }

    @Test(arguments: [true, false])
    func `Redis gone and back: memory answers meanwhile, and afterwards each key is fetched once at most`(keepingData: Bool) async throws {
        try await withProcesses(3) { (server, processes) async throws in
            let mirror = FakeMirror()
            let keys = try (1...20).map { try CacheKey(target: "/posts/\($0)") }
            for process in processes { for key in keys { try await settle(process, key, mirror) } }
            #expect(mirror.count == 20)
            if keepingData { try await server.cli("SAVE") }
            await server.kill()
            for process in processes { await process.signals.wait { $0.losses >= 1 } }
            let deadline = soon
            for process in processes {
                for key in keys {
                    let answer = try await process.cache.answer(for: key, deadline: deadline, fetch: mirror.fetch)
                    #expect(answer.stale && answer.source == .memory)
                }
            }
            #expect(mirror.count == 20, "nobody may send without Redis")
            try await server.restart(keepingData: keepingData)
            for process in processes {
                await process.signals.wait { $0.connections >= 2 }
                // Messages come by one connection, and what is asked goes by another.
                try await eventually("the commands' connection") { await process.client.isConnected }
            }
            // Ten callers of each key in each process, all at once.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for process in processes {
                    for key in keys {
                        for _ in 0..<10 {
                            group.addTask { _ = try await process.cache.answer(for: key, deadline: deadline, fetch: mirror.fetch) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(mirror.count == (keepingData ? 20 : 40))
            for process in processes { #expect(process.cache.statistics.errors == 0) }
        }
    }
}

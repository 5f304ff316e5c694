import SluiceHarness
import SluiceLoop
import Synchronization
import Testing

@testable import SluiceCache

/// The cache of one process alone: no Redis, the same flights.
@Suite(.timeLimit(.minutes(10)))
struct EmbeddedCacheTests {
    private func withCache(
        _ options: CacheOptions = .init(), _ body: (ResponseCache) async throws -> Void
    ) async throws {
        let loop = EventLoop(name: "cache")
        let cache = ResponseCache(loop: loop, redis: nil, prefix: "sluice:{t}:", options: options)
        do { try await body(cache) } catch {
            await cache.shutDown()
            await loop.shutDown()
            throw error
        }
        await cache.shutDown()
        await loop.shutDown()
    }

    private var soon: Instant { Instant.now.advanced(by: .seconds(300)) }

    @Test func `G3 a hundred callers of one key spend one fetch`() async throws {
        try await withCache { cache in
            // Held until all wait: whoever came after the answer would find it in memory.
            let mirror = FakeMirror(isHeld: true)
            let key = try CacheKey(target: "/posts/1")
            async let calls = collect(100) { try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch) }
            try await cache.waitForCallers(100, of: key)
            mirror.release()
            let answers = try await calls
            #expect(mirror.count == 1)
            #expect(answers.filter { !$0.collapsed }.count == 1)
            #expect(Set(answers.map { String(decoding: $0.record.body, as: UTF8.self) }) == ["1"])
            let hit = try #require(cache.memoryHit(for: key))
            #expect(hit.source == .memory && !hit.stale && hit.remainingFresh > .seconds(20))
            #expect(cache.statistics.misses == 100 && cache.statistics.collapsed == 99 && cache.statistics.fetches == 1)
        }
    }

    @Test func `a failing fetch fails all who wait for it, and the next call asks again`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror()
            mirror.fail(next: 1)
            let key = try CacheKey(target: "/posts/1")
            let results = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        do {
                            _ = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
                            return true
                        } catch { return error is FakeMirror.Failure }
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(results == 20)
            #expect(mirror.count <= 2)  // callers that came after the failure asked again, together
            _ = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
        }
    }

    @Test func `a purge during a fetch: who waits gets the newer answer`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror(isHeld: true)
            let key = try CacheKey(target: "/posts/1")
            async let answer = cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            await mirror.waitForArrivals(1)
            try await cache.purge(key)
            await mirror.waitForArrivals(2)
            mirror.release()
            #expect(try await String(decoding: answer.record.body, as: UTF8.self) == "2")
        }
    }

    @Test func `G3 a purge of a tag leaves alone what is being fetched without it, and who asks afterwards shares that`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror(isHeld: true)
            mirror.headers = [("Cache-Tag", "posts")]
            let keys = try (1...3).map { try CacheKey(target: "/posts/\($0)") }
            let calls = keys.map { key in Task { try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch) } }
            await mirror.waitForArrivals(3)
            for _ in 0..<5 { _ = try await cache.purge(tag: "others") }
            let late = Task { try await cache.answer(for: keys[0], deadline: soon, fetch: mirror.fetch) }
            try await cache.waitForCallers(2, of: keys[0])
            mirror.release()
            for call in calls { #expect(try await call.value.forward?.isStored == true) }
            #expect(try await late.value.source == .memory)
            #expect(mirror.count == 3 && mirror.cancelled == 0)
        }
    }

    @Test func `G4 a purge of a tag refuses what is being fetched and turns out to have it: who waits gets a newer answer`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror(isHeld: true)
            mirror.headers = [("Cache-Tag", "posts")]
            let key = try CacheKey(target: "/posts/1")
            async let answer = cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            await mirror.waitForArrivals(1)
            #expect(try await cache.purge(tag: "posts") == 0)
            mirror.release()
            #expect(try await answer.text == "2")
            #expect(cache.memoryHit(for: key)?.text == "2")
        }
    }

    @Test func `G4 a stale answer that a purge of its tag has forgotten is not served when its refresh fails`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror()
            mirror.headers = [("Cache-Control", "max-age=0, stale-if-error=60"), ("Cache-Tag", "posts")]
            let key = try CacheKey(target: "/posts/1")
            _ = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            let failing = FakeMirror(isHeld: true)
            failing.fail(next: 2)
            let call = Task { try await cache.answer(for: key, deadline: soon, fetch: failing.fetch) }
            await failing.waitForArrivals(1)
            #expect(try await cache.purge(tag: "posts") == 1)
            failing.release()
            await #expect(throws: FakeMirror.Failure.self) { try await call.value }
            #expect(failing.count == 2 && failing.needs.map { $0.revalidation } == [nil, nil])
        }
    }

    @Test func `a cancelled caller leaves, and the last one takes the fetch along`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror(isHeld: true)
            let key = try CacheKey(target: "/posts/1")
            let first = Task { try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch) }
            await mirror.waitForArrivals(1)
            let second = Task { try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch) }
            try await cache.waitForCallers(2, of: key)
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            #expect(mirror.cancelled == 0)
            second.cancel()
            await #expect(throws: CancellationError.self) { try await second.value }
            await mirror.waitForCancellations(1)
            #expect(cache.statistics.flights == 0)
        }
    }

    @Test func `a short deadline ends its caller alone`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror(isHeld: true)
            let key = try CacheKey(target: "/posts/1")
            async let patient = cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            await mirror.waitForArrivals(1)
            let error = await #expect(throws: CacheError.self) {
                try await cache.answer(for: key, deadline: Instant.now.advanced(by: .milliseconds(20)), fetch: mirror.fetch)
            }
            #expect(error?.code == .deadlineExceeded)
            mirror.release()
            #expect(try await patient.record.status == 200)
            #expect(mirror.count == 1)
        }
    }

    @Test func `a stale answer is served while one fetch refreshes it, and when mirrors fail`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror()
            let key = try CacheKey(target: "/posts/1")
            mirror.headers = [("Cache-Control", "max-age=0, stale-if-error=60"), ("ETag", "\"1\"")]
            let brief = CachePolicy(fresh: .milliseconds(1), stale: .seconds(60))
            _ = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            mirror.fail(next: 1)
            let stale = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            #expect(stale.stale && String(decoding: stale.record.body, as: UTF8.self) == "1")
            #expect(mirror.needs.last?.revalidation?.etag == "\"1\"")
            for status in [503, 429] {
                mirror.status = status
                let kept = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
                #expect(kept.stale && kept.record.status == 200, "\(status) took the place of a good answer")
            }
            mirror.status = 200

            mirror.headers = []
            let other = try CacheKey(target: "/posts/2")
            let before = mirror.count
            _ = try await cache.answer(for: other, policy: brief, deadline: soon, fetch: mirror.fetch)
            try await eventually("the end of its life") { cache.memoryHit(for: other) == nil }
            let refreshing = try await cache.answer(for: other, policy: brief, deadline: soon, fetch: mirror.fetch)
            #expect(refreshing.stale && refreshing.source == .memory)
            await mirror.waitForArrivals(before + 2)
            #expect(mirror.needs.last?.isRefresh == true)
        }
    }

    @Test(arguments: [(403, ""), (302, ""), (200, "no-store"), (200, "private, max-age=60")])
    func `an answer that must not be kept takes the place of what was: the old one is served no more, not even when mirrors fail`(
        status: Int, control: String
    ) async throws {
        try await withCache { cache in
            let mirror = FakeMirror()
            let key = try CacheKey(target: "/posts/1")
            let brief = CachePolicy(fresh: .milliseconds(1), stale: .seconds(600))
            _ = try await cache.answer(for: key, policy: brief, deadline: soon, fetch: mirror.fetch)
            try await eventually("the end of its life") { cache.memoryHit(for: key) == nil }
            mirror.status = status
            mirror.headers = [("Cache-Control", control)]
            let last = try await cache.answer(for: key, policy: brief, deadline: soon, fetch: mirror.fetch)
            #expect(last.stale && last.text == "1")
            await mirror.waitForArrivals(2)
            try await eventually("the end of its refresh") { cache.statistics.flights == 0 }
            let now = try await cache.answer(for: key, policy: brief, deadline: soon, fetch: mirror.fetch)
            #expect(!now.stale && now.record.status == status && now.text == "3")
            mirror.fail(next: 1)
            await #expect(throws: FakeMirror.Failure.self) {
                try await cache.answer(for: key, policy: brief, deadline: soon, fetch: mirror.fetch)
            }
        }
    }

    @Test func `shutting down ends every wait with a typed error`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror(isHeld: true)
            let key = try CacheKey(target: "/posts/1")
            let call = Task { try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch) }
            await mirror.waitForArrivals(1)
            await cache.shutDown()
            let error = await #expect(throws: CacheError.self) { try await call.value }
            #expect(error?.code == .shutDown)
            await #expect(throws: CacheError.self) { try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch) }
        }
    }

    @Test func `an item that was purged after its collection had been asked for is not stored, one that waits for it gets it`() async throws
    {
        try await withCache { cache in
            let mirror = FakeMirror()
            let collection = try await cache.answer(for: CacheKey(target: "/posts"), deadline: soon, fetch: mirror.fetch)
            let items = try (1...3).map { CacheItem(key: try CacheKey(target: "/posts/\($0)"), body: Array("item \($0)".utf8)) }
            _ = try await cache.purge(items[1].key)
            let slow = FakeMirror(isHeld: true)
            async let waiting = cache.answer(for: items[2].key, deadline: soon, fetch: slow.fetch)
            await slow.waitForArrivals(1)
            #expect(try await cache.outcomes(items, from: collection) == [.stored, .refused, .stored])
            slow.release()
            #expect(cache.memoryHit(for: items[0].key)?.text == "item 1")
            #expect(cache.memoryHit(for: items[1].key) == nil)
            _ = try await waiting
            #expect(cache.memoryHit(for: items[2].key)?.text == "item 3", "the fetch is older than the item")
        }
    }

    @Test func `a log of purges that is full counts everything older as purged`() throws {
        var log = PurgeLog()
        let key = try CacheKey(target: "/a")
        log.note(.key(key))
        #expect(log.isPurged(key, tags: [], since: 0) && !log.isPurged(key, tags: [], since: 1))
        let other = try CacheKey(target: "/b")
        #expect(!log.isPurged(other, tags: ["t"], since: 0))
        for number in 0..<PurgeLog.limit { log.note(.tag("\(number)")) }
        #expect(log.isPurged(other, tags: [], since: 0))
        #expect(!log.isPurged(other, tags: [], since: log.count))
    }

    @Test func `tags purge what carries them, and items can be stored without a fetch`() async throws {
        try await withCache { cache in
            let mirror = FakeMirror()
            for (name, numbers) in [("low", 0..<5), ("high", 5..<10)] {
                mirror.headers = [("Surrogate-Key", "\(name) all")]
                let collection = try await cache.answer(for: CacheKey(target: "/\(name)"), deadline: soon, fetch: mirror.fetch)
                let items = try numbers.map { CacheItem(key: try CacheKey(target: "/posts/\($0)"), body: []) }
                #expect(try await cache.outcomes(items, from: collection) == Array(repeating: .stored, count: 5))
                #expect(
                    try await cache.outcomes(items, from: collection) == Array(repeating: .kept, count: 5), "no older than what is there")
            }
            #expect(try cache.memoryHit(for: CacheKey(target: "/posts/3")) != nil)
            #expect(try await cache.purge(tag: "low") == 6)
            #expect(try cache.memoryHit(for: CacheKey(target: "/posts/3")) == nil)
            #expect(try cache.memoryHit(for: CacheKey(target: "/posts/7")) != nil)
        }
    }

    @Test(arguments: [
        ("Cache-Tag", "a,b\t, c d,e", ["a", "b", "e"], ["c", "d"]), ("Surrogate-Key", "a,b  c", ["a,b", "c"], ["a", "b"]),
    ])
    func `the tags of Cache-Tag are parted by commas, those of Surrogate-Key by blanks`(
        field: String, value: String, tags: [String], others: [String]
    ) async throws {
        try await withCache { cache in
            let mirror = FakeMirror()
            mirror.headers = [(field, value)]
            for (tag, count) in tags.map({ ($0, 1) }) + others.map({ ($0, 0) }) {
                _ = try await cache.answer(for: CacheKey(target: "/a"), deadline: soon, fetch: mirror.fetch)
                #expect(try await cache.purge(tag: tag) == count, "\(tag)")
            }
        }
    }

    @Test(arguments: [
        ((0..<300).map { "t\($0)" }, true), ([String(repeating: "a", count: 1_024)], true), ((0..<513).map { "t\($0)" }, false),
        ((0..<17).map { "\($0)" + String(repeating: "a", count: 1_000) }, false),
    ])
    func `every tag of an answer purges it, and what has too many is not kept`(tags: [String], isKept: Bool) async throws {
        try await withCache { cache in
            let mirror = FakeMirror()
            mirror.headers = [("Cache-Tag", tags.joined(separator: ","))]
            for tag in [tags[0], tags[tags.count - 1]] {
                _ = try await cache.answer(for: CacheKey(target: "/a"), deadline: soon, fetch: mirror.fetch)
                #expect(try (cache.memoryHit(for: CacheKey(target: "/a")) != nil) == isKept)
                #expect(try await cache.purge(tag: tag) == (isKept ? 1 : 0))
                #expect(try cache.memoryHit(for: CacheKey(target: "/a")) == nil)
            }
        }
    }
}

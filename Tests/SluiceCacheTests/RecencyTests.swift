import SluiceHarness
import SluiceLoop
import Testing

@testable import SluiceCache

/// Overrides and ages that a call bears, in memory, in Redis and between processes.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct RecencyTests {
    private var soon: Instant { Instant.now.advanced(by: .seconds(300)) }
    private let key = CacheKey(normal: "/posts/1")
    private let brief = Duration.milliseconds(20)

    /// Waits until the answer was given more than `brief` ago, as memory counts it and as Redis does: the two differ by the fill's way.
    private func letAge(_ cache: ResponseCache, at server: RedisServer? = nil) async throws {
        try await eventually("an older answer") {
            if cache.memoryHit(for: key) == nil { _ = try await cache.answer(for: key, deadline: soon, fetch: FakeMirror().fetch) }
            return cache.memoryHit(for: key).map { $0.age > brief } ?? false
        }
        guard let server else { return }
        try await eventually("an older record in Redis") {
            let stored = try #require(Int64(try await server.cli("HGET", "sluice:{t}:cache:GET:/posts/1", "stored_ms")))
            let time = try await server.cli("TIME").split(separator: "\n").compactMap { Int64($0) }
            return time[0] * 1_000 + time[1] / 1_000 - stored > brief.components.attoseconds / 1_000_000_000_000_000
        }
    }

    @Test func `what an override stored is as long fresh to every process, in memory and in Redis, as the override says`() async throws {
        try await withProcesses(2) { (server, processes) async throws in
            let mirror = FakeMirror()
            mirror.headers = [("Cache-Control", "max-age=1, must-revalidate"), ("Age", "100")]
            let policy = CachePolicy(fresh: .seconds(300), stale: .seconds(50), overridesAnswer: true)
            let first = try await processes[0].cache.answer(for: key, policy: policy, deadline: soon, fetch: mirror.fetch)
            #expect(first.remainingFresh > .seconds(100) && first.age >= .seconds(100), "its age is what it is")
            let times = try await server.cli("HMGET", "sluice:{t}:cache:GET:/posts/1", "stored_ms", "fresh_until_ms", "stale_until_ms")
                .split(separator: "\n").compactMap { Int($0) }
            #expect(times.count == 3 && (299_000...300_000).contains(times[1] - times[0]) && times[2] - times[1] == 50_000)
            for process in processes {
                let answer = try await process.cache.answer(for: key, policy: policy, deadline: soon, fetch: mirror.fetch)
                #expect(!answer.stale && answer.text == "1")
            }
            #expect(mirror.count == 1)
        }
    }

    @Test func `a call that bears less age than the record has fetches it anew for everybody, one that bears it does not`() async throws {
        try await withProcesses(2) { (server, processes) async throws in
            let mirror = FakeMirror()
            _ = try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            try await letAge(processes[0].cache, at: server)
            func ask(_ process: CacheProcess, _ maxAge: Duration?) async throws -> CacheAnswer {
                try await process.cache.answer(for: key, deadline: soon, maxAge: maxAge, fetch: mirror.fetch)
            }
            for process in processes { #expect(try await ask(process, .seconds(3_600)).text == "1") }
            // The other process has it from Redis or from memory; both are too old now.
            let young = try await ask(processes[1], brief)
            #expect(young.text == "2" && !young.stale && young.forward?.hadRecord == true)
            try await eventually("the news to the other process") { try await ask(processes[0], nil).text == "2" }
            #expect(mirror.count == 2)
            // From this process's own memory.
            try await letAge(processes[0].cache, at: server)
            #expect(processes[0].cache.memoryHit(for: key, within: .seconds(3_600)) != nil)
            #expect(processes[0].cache.memoryHit(for: key, within: brief) == nil)
            #expect(try await ask(processes[0], brief).text == "3")
            #expect(mirror.count == 3)
        }
    }

    @Test func `an override is true for what others stored: it is not fresh for longer, and stale only within its bound`() async throws {
        try await withProcesses(1) { (server, processes) async throws in
            let (cache, mirror) = (processes[0].cache, FakeMirror())
            mirror.headers = [("Cache-Control", "max-age=3600")]
            _ = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            try await letAge(cache, at: server)
            // Served as stale, and refreshed behind the caller's back: from then on it is as the override says.
            let lenient = CachePolicy(fresh: brief, stale: .seconds(600), overridesAnswer: true)
            let stale = try await cache.answer(for: key, policy: lenient, deadline: soon, fetch: mirror.fetch)
            #expect(stale.stale && stale.text == "1" && stale.remainingFresh <= .zero)
            try await eventually("the refresh") { mirror.count >= 2 }
            try await eventually("the refreshed answer") {
                let answer = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
                return answer.record.freshUntil - answer.record.storedAt <= 20
            }
        }
        try await withProcesses(1) { (server, processes) async throws in
            let (cache, mirror) = (processes[0].cache, FakeMirror())
            mirror.headers = [("Cache-Control", "max-age=3600")]
            _ = try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            try await letAge(cache, at: server)
            let strict = CachePolicy(fresh: brief, stale: .zero, overridesAnswer: true)
            let answer = try await cache.answer(for: key, policy: strict, deadline: soon, fetch: mirror.fetch)
            #expect(!answer.stale && answer.text == "2" && mirror.count == 2)
        }
    }

    @Test func `two processes that want it younger spend one request, and whoever bears it as it is does not wait for them`() async throws {
        try await withProcesses(2) { (server, processes) async throws in
            let (mirror, slow) = (FakeMirror(), FakeMirror(isHeld: true))
            let (key, deadline) = (self.key, soon)
            for process in processes {
                try await eventually("its verification") {
                    _ = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
                    return process.cache.memoryHit(for: key) != nil
                }
            }
            async let first = processes[0].cache.answer(for: key, deadline: deadline, maxAge: .zero, fetch: slow.fetch)
            try await eventually("the fetch") { slow.count >= 1 }
            async let second = processes[1].cache.answer(for: key, deadline: deadline, maxAge: .zero, fetch: slow.fetch)
            try await eventually("a waiter") {
                try await server.cli("HGET", "sluice:{t}:flight:GET:/posts/1", "waited_for") == "1"
            }
            for process in processes {
                let answer = try await process.cache.answer(for: key, deadline: deadline, fetch: slow.fetch)
                #expect(answer.text == "1" && !answer.stale)
            }
            slow.body = "young"
            slow.release()
            #expect(try await [first.text, second.text] == ["young", "young"])
            #expect(slow.count == 1 && mirror.count == 1)
        }
    }

    @Test func `an item of a collection is as old as the collection, for a call that asks`() async throws {
        try await withProcesses(1) { (server, processes) async throws in
            let (cache, mirror) = (processes[0].cache, FakeMirror())
            let list = CacheKey(normal: "/posts")
            _ = try await cache.answer(for: list, deadline: soon, fetch: FakeMirror().fetch)
            try await eventually("an older collection") {
                try await cache.answer(for: list, deadline: soon, fetch: FakeMirror().fetch).age > brief * 2
            }
            let collection = try await cache.answer(for: list, deadline: soon, fetch: FakeMirror().fetch)
            #expect(try await cache.outcomes([CacheItem(key: key, body: Array("item".utf8))], from: collection) == [.stored])
            #expect(Int(try await server.cli("HGET", "sluice:{t}:cache:GET:/posts/1", "held_ms")) ?? 0 >= 20)
            #expect(try await cache.answer(for: key, deadline: soon, maxAge: .seconds(3_600), fetch: mirror.fetch).text == "item")
            #expect(try await cache.answer(for: key, deadline: soon, maxAge: brief, fetch: mirror.fetch).text == "1")
        }
    }

    @Test func `without Redis it is the same, and when mirrors fail what there is is given and marked`() async throws {
        let loop = EventLoop(name: "cache")
        let cache = ResponseCache(loop: loop, redis: nil, prefix: "sluice:{t}:")
        let mirror = FakeMirror()
        mirror.headers = [("Cache-Control", "max-age=3600")]
        func ask(_ maxAge: Duration?) async throws -> CacheAnswer {
            try await cache.answer(for: key, deadline: soon, maxAge: maxAge, fetch: mirror.fetch)
        }
        #expect(try await ask(nil).text == "1")
        try await letAge(cache)
        #expect(try await ask(.seconds(3_600)).text == "1")
        #expect(try await ask(brief).text == "2")
        try await letAge(cache)
        mirror.fail(next: 1)
        let old = try await ask(brief)
        #expect(old.text == "2" && old.stale && old.remainingFresh <= .zero)
        #expect(try await !ask(nil).stale, "to all others it is as fresh as ever")
        #expect(mirror.count == 3)
        await cache.shutDown()
        await loop.shutDown()
    }
}

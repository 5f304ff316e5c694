import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

@testable import SluiceCache

/// The clock of Redis' host is set while answers are fetched and kept: nobody asks again for what he has, nor waits an hour, nor
/// takes an old answer for fresh.
@Suite(.timeLimit(.minutes(10))) struct ClockStepTests {
    private var key: CacheKey { get throws { try CacheKey(target: "/posts/1") } }
    private var soon: Instant { Instant.now.advanced(by: .seconds(300)) }

    private func withProcesses(
        _ count: Int, _ options: CacheOptions, _ body: (RedisServer, [CacheProcess]) async throws -> Void
    ) async throws {
        var settings = RedisServerOptions()
        settings.unixSocket = true
        settings.hasSettableClock = true
        let server = try await RedisServer(settings)
        var processes: [CacheProcess] = []
        var failure: (any Error)?
        do {
            for _ in 0..<count { processes.append(try await CacheProcess(server.url, options: options)) }
            try await body(server, processes)
        } catch { failure = error }
        for process in processes { await process.shutDown() }
        await server.kill()
        if let failure { throw failure }
    }

    @Test(arguments: [1, -1]) func `what was being fetched while the clock was set is kept, and asked for once`(hours: Int) async throws {
        var options = CacheOptions()
        options.fresh = .seconds(7_200)
        // Renewed while the mirror takes its time, after the step.
        options.flightLease = .milliseconds(300)
        try await withProcesses(1, options) { server, processes in
            let mirror = FakeMirror(isHeld: true)
            let (key, deadline, cache) = (try key, soon, processes[0].cache)
            async let answer = cache.answer(for: key, deadline: deadline, fetch: mirror.fetch)
            await mirror.waitForArrivals(1)
            try await server.stepClock(by: .seconds(hours * 3_600))
            let first = try await server.cli("HGET", "sluice:{t}:flight:GET:/posts/1", "until_ms")
            try await eventually("its renewal") { try await server.cli("HGET", "sluice:{t}:flight:GET:/posts/1", "until_ms") != first }
            mirror.release()
            #expect(try await answer.forward?.isStored == true)
            #expect(try await cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == "1")
            #expect(mirror.count == 1 && mirror.cancelled == 0)
        }
    }

    @Test func `the flight of a process that died before the clock was set back is free after its lease all the same`() async throws {
        var options = CacheOptions()
        options.flightLease = .milliseconds(300)
        try await withProcesses(1, options) { server, processes in
            let now = Int(try await server.cli("TIME").prefix { $0 != "\n" })!
            let name = "sluice:{t}:flight:GET:/posts/1"
            try await server.cli("HSET", name, "token", "dead", "seen", "", "purges", "0", "until_ms", "\(now * 1_000 + 300)")
            try await server.stepClock(by: .seconds(-3_600))
            let mirror = FakeMirror()
            #expect(try await processes[0].cache.answer(for: try key, deadline: soon, fetch: mirror.fetch).text == "1")
        }
    }

    @Test func `after the clock was set back an hour an answer is not fresh for an hour longer`() async throws {
        var options = CacheOptions()
        options.stale = .zero
        try await withProcesses(2, options) { server, processes in
            let mirror = FakeMirror()
            _ = try await processes[0].cache.answer(for: try key, deadline: soon, fetch: mirror.fetch)
            try await server.stepClock(by: .seconds(-3_600))
            let answer = try await processes[1].cache.answer(for: try key, deadline: soon, fetch: mirror.fetch)
            #expect(answer.text == "2" && answer.remainingFresh <= .seconds(60))
        }
    }

    @Test func `a process that holds an answer knows by its own clock how long it is fresh, wherever Redis' clock goes`() async throws {
        var options = CacheOptions()
        options.fresh = .seconds(1_800)
        options.stale = .seconds(7_200)
        try await withProcesses(1, options) { server, processes in
            let mirror = FakeMirror()
            let cache = processes[0].cache
            _ = try await cache.answer(for: try key, deadline: soon, fetch: mirror.fetch)
            _ = try await cache.answer(for: try key, deadline: soon, fetch: mirror.fetch)
            for hours in [1, 0, -1] {
                try await server.stepClock(by: .seconds(hours * 3_600))
                // Whatever it holds is to be compared with what Redis has.
                await cache.connectionRestored()
                let answer = try await cache.answer(for: try key, deadline: soon, fetch: mirror.fetch)
                #expect(answer.text == "1" && !answer.stale && answer.source == .memory, "\(hours) h")
                #expect(answer.remainingFresh > .seconds(1_700) && answer.remainingFresh <= .seconds(1_800))
            }
            #expect(mirror.count == 1)
        }
    }
}

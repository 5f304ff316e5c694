import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

@testable import SluiceCache

/// Drives the cache's scripts on a real Redis and their model with the same calls, and compares every reply and every invalidation.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `The scripts of the cache keep the rules of their model` {
    @Test func `every reply and every invalidation is the same, whatever is asked, and wherever the clock goes`() async throws {
        var settings = RedisServerOptions()
        settings.unixSocket = true
        settings.hasSettableClock = true
        let server = try await RedisServer(settings)
        let process = try await CacheProcess(server.url)
        var seen: [String: Int] = [:]
        var failure: (any Error)?
        do {
            for seed in 1...10 as ClosedRange<UInt64> {
                try await server.cli("FLUSHALL")
                var pair = FlightPair(seed: seed, server: server, process: process)
                for step in 1...100 {
                    let difference = try await pair.step()
                    #expect(difference == nil, "seed \(seed), step \(step): \(pair.last)")
                    if difference != nil { break }
                }
                seen.merge(pair.seen, uniquingKeysWith: +)
            }
        } catch { failure = error }
        await process.shutDown()
        await server.kill()
        if let failure { throw failure }
        for kind in ["unneeded", "taken", "held", "declined", "filled", "filled for failures", "refused", "renewed", "lost", "touched"] {
            #expect(seen[kind, default: 0] > 10, "\(kind): \(seen)")
        }
    }

    @Test func `in the model as in Redis, a purge reaches those who fetch side by side for an hour after the word of it`() {
        var model = FlightLedger()
        _ = model.lookUp("k", token: "a", lease: 5_000, at: 0)
        #expect(model.decline("k", token: "a", for: 5_000, at: 0).wasHeld)
        var later = model
        #expect(model.purge("k", at: 3_604_999).isInvalidated)
        #expect(!later.purge("k", at: 3_605_000).isInvalidated)
    }
}

import Sluice
import SluiceLoop
import SluiceMirror
import Testing

@Suite("Many paths at once", .timeLimit(.minutes(10)))
struct SequenceTests {
    private let paths = (1...100).map { "/posts/\($0)" }

    /// Waits until a figure has come so far, and a moment longer to see whether it goes on; returns it.
    private func settled(at expected: Int, _ figure: () async -> Int) async throws -> Int {
        while await figure() < expected { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(300))
        return await figure()
    }

    @Test func `for a slow reader no more is fetched ahead than it allows`() async throws {
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        var reader = pool.get(paths, concurrency: 4).makeAsyncIterator()
        for taken in 0...2 {
            #expect(try await settled(at: taken + 4) { await judges.requests } == taken + 4)
            #expect(try #require(await reader.next()).result.get().status == 200)
        }
        while await reader.next() != nil {}
        #expect(await judges.requests == 100)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `answers that are in memory wait to be asked for as well`() async throws {
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        for await (_, result) in pool.get(paths) { _ = try result.get() }
        let hits = Int(pool.statistics.memoryHits)
        var reader = pool.get(paths, concurrency: 8).makeAsyncIterator()
        for taken in 0...2 {
            #expect(try await settled(at: hits + taken + 8) { Int(pool.statistics.memoryHits) } == hits + taken + 8)
            _ = await reader.next()
        }
        var found: Set<String> = []
        while let (path, _) = await reader.next() { found.insert(path) }
        #expect(found.count == 97)
        #expect(await judges.requests == 100)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a reader who keeps up has as many requests under way as it asked for, and no more`() async throws {
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)), latency: "1000ms")
        let pool = try await MirrorPool(judges.configuration())
        var answered = 0
        for await (_, result) in pool.get(paths.prefix(48), concurrency: 16) {
            #expect(try result.get().status == 200)
            answered += 1
        }
        #expect(answered == 48)
        #expect(await judges.mirrors[0].stats.inFlightMax == 16)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `more at once than there are paths is all of them, and none at all is an end`() async throws {
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        var answered = 0
        for await _ in pool.get(paths.prefix(3), concurrency: .max) { answered += 1 }
        for await _ in pool.get(paths.prefix(2), concurrency: 0) { answered += 1 }
        for await _ in pool.get([]) { answered += 1 }
        #expect(answered == 5)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test(arguments: [true, false])
    func `who leaves early ends what is under way, and nothing is asked for any more`(cancelled: Bool) async throws {
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)), latency: "60000ms")
        let pool = try await MirrorPool(judges.configuration())
        let begun = Instant.now
        let reader = Task {
            // The first element comes at once, the others not before their mirror answers.
            for await _ in pool.get(["//elsewhere"] + paths, concurrency: 4) {
                while await judges.requests < 4, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
                if !cancelled { break }
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        await reader.value
        while await pool.underWay > 0, !Task.isCancelled { try await Task.sleep(for: .milliseconds(1)) }
        #expect(Instant.now.duration(since: begun) < .seconds(30))
        #expect(try await settled(at: 4) { await judges.requests } == 4)
        await pool.shutDown()
        await judges.shutDown()
    }
}

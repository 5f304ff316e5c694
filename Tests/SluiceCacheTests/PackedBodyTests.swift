import SluiceHarness
import SluiceLoop
import SluiceRandom
import Testing

@testable import SluiceCache

/// Compression of bodies in Redis.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct PackedBodyTests {
    private var soon: Instant { Instant.now.advanced(by: .seconds(300)) }
    private static let recordName = "sluice:{t}:cache:GET:/posts/1"
    private static let text = String((0..<2_000).map { "line \($0) of a text\n" }.joined())

    @Test(arguments: [1, 100, 16 << 10, 1 << 20])
    func `a body comes back byte for byte`(length: Int) throws {
        let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 / 64) }
        guard let packed = PackedBody(body) else {
            #expect(length == 1, "one byte cannot become fewer")
            return
        }
        #expect(packed.bytes.count < body.count)
        #expect(PackedBody.unpacked(packed.bytes, limit: length) == body)
        #expect(PackedBody.unpacked(packed.bytes, limit: length - 1) == nil, "not beyond the bound, whatever it claims")
    }

    @Test func `what does not become smaller is left as it is`() {
        var generator = SeededGenerator(seed: 1)
        #expect(PackedBody((0..<20_000).map { _ in UInt8.random(in: 0...255, using: &generator) }) == nil)
    }

    @Test func `a few bytes that would become a gigabyte are a miss`() throws {
        // A frame head that claims 2^30 bytes, with the true content of another.
        let packed = try #require(PackedBody([UInt8](repeating: 0, count: 1 << 20))).bytes
        var claim = packed
        // Single segment, four bytes of content size (RFC 8878 section 3.1.1.1).
        claim.replaceSubrange(4..<9, with: [0b1010_0000, 0, 0, 0, 0x40])
        #expect(PackedBody.unpacked(claim, limit: 64 << 20) == nil)
        #expect(PackedBody.unpacked(claim, limit: 2 << 30) == nil, "its content is not what it claims")
    }

    @Test(arguments: 0..<20)
    func `damaged bytes are a miss or something within the bound, never a crash`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let packed = try #require(PackedBody(Array(Self.text.utf8))).bytes
        for _ in 0..<200 {
            var damaged = packed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { damaged.removeLast(Int.random(in: 1...damaged.count, using: &generator)) }
            if let body = PackedBody.unpacked(damaged, limit: 1 << 20) { #expect(body.count <= 1 << 20) }
        }
    }

    @Test func `a large body is compressed in Redis, says so, is served as it was, and verified without being sent again`() async throws {
        try await withProcesses(2) { (server, processes) async throws in
            let mirror = FakeMirror()
            mirror.body = Self.text
            let key = try CacheKey(target: "/posts/1")
            _ = try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            #expect(try await server.cli("HGET", Self.recordName, "encoding") == "zstd")
            #expect(try #require(Int(try await server.cli("HSTRLEN", Self.recordName, "body"))) < Self.text.utf8.count / 2)
            for process in processes {
                let answer = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
                #expect(answer.text == Self.text)
                try await eventually("its verification") {
                    _ = try await process.cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
                    return process.cache.memoryHit(for: key) != nil
                }
            }
            // Verified again after a loss, by a digest: Redis sends no body.
            try await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
            await processes[1].signals.wait { $0.connections == 2 }
            let again = try await processes[1].cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            #expect(again.source == .memory && again.text == Self.text && !again.stale)
            #expect(mirror.count == 1)
        }
    }

    @Test func `compressed bytes that somebody damaged are fetched anew`() async throws {
        try await withProcesses(2) { (server, processes) async throws in
            let mirror = FakeMirror()
            mirror.body = Self.text
            let key = try CacheKey(target: "/posts/1")
            _ = try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch)
            try await server.cli("HSET", Self.recordName, "body", "damaged")
            #expect(try await processes[1].cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == Self.text)
            #expect(mirror.count == 2)
            // By hand, with the encoding taken away, it counts.
            try await server.cli("HDEL", Self.recordName, "encoding")
            try await server.cli("HSET", Self.recordName, "body", "by hand")
            try await eventually("the hand's body") {
                try await processes[0].cache.answer(for: key, deadline: soon, fetch: mirror.fetch).text == "by hand"
            }
            #expect(mirror.count == 2)
        }
    }

    @Test(arguments: [nil, 1 << 20])
    func `bodies below the bound, or where none is set, stand in Redis as they are`(from: Int?) async throws {
        var options = CacheOptions()
        options.compressedFrom = from
        try await withProcesses(1, options: options) { (server, processes) async throws in
            let mirror = FakeMirror()
            mirror.body = Self.text
            _ = try await processes[0].cache.answer(for: CacheKey(target: "/posts/1"), deadline: soon, fetch: mirror.fetch)
            #expect(try await server.cli("HEXISTS", Self.recordName, "encoding") == "0")
            #expect(try await server.cli("HSTRLEN", Self.recordName, "body") == "\(Self.text.utf8.count)")
        }
    }
}

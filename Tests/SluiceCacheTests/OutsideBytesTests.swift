import SluiceLoop
import SluiceRandom
import Testing

@testable import SluiceCache

/// Whatever mirrors and Redis send, within the bounds of the protocol and outside.
@Suite(.timeLimit(.minutes(10)))
struct OutsideBytesTests {
    @Test(arguments: 0..<5)
    func `headers of any bytes make a record that reads back the same, or are left out`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let names = [
            "Cache-Control", "Vary", "Age", "Date", "Expires", "ETag", "Last-Modified", "Cache-Tag", "Surrogate-Key", "Connection",
            "X-Mine", "Set-Cookie",
            "x y", "",
        ]
        let letters = Array("max-age=9,private=\"x-mine, etag\"no-cache*;: \t\\é0".utf8)
        for _ in 0..<100 {
            let headers = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                (names.randomElement(using: &generator)!, String(decoding: generator.bytes(upTo: 40, from: letters), as: UTF8.self))
            }
            var options = CacheOptions()
            options.differingFields = ["x-mine"]
            let response = FetchedResponse(status: 200, headers: headers, body: [1], mirror: "m", receivedAt: .now)
            let draft = RecordDraft(response, confirming: nil, policy: .init(), options: options)
            #expect(
                draft.headers.allSatisfy {
                    HeaderSelection.isWellFormed(name: $0.0, value: $0.1) && $0.0 != "set-cookie" && $0.0 != "connection"
                })
            #expect(draft.tags.allSatisfy { CacheTag.fault(in: $0) == nil })
            let spans = draft.spans(at: .now)
            #expect(spans.fresh <= CacheControl.longest * 1_000 && spans.refresh >= spans.fresh && spans.stale >= spans.refresh)
            let record = draft.record(version: "v", storedAt: 1_000, spans: spans, purges: 3)
            let times = [record.storedAt, record.freshUntil, record.refreshUntil, record.staleUntil, record.purges].map {
                Array(String($0).utf8)
            }
            let fields =
                zip(["stored_ms", "fresh_until_ms", "refresh_until_ms", "stale_until_ms", "purges"], times).map { ($0, $1) }
                + RecordFields.encoded(record)
            let back = try #require(RecordFields.decoded(fields.map { (name: Array($0.0.utf8), value: $0.1) }, bodyLimit: 1_000))
            // Blanks before a value are the line's, not the value's.
            #expect(back.headers.map(\.0) == record.headers.map(\.0))
            #expect(back.headers.map { $0.1 } == record.headers.map { String($0.1.drop { $0 == " " }) })
            #expect(back.tags == record.tags && back.purges == 3 && back.body == [1])
        }
    }

    @Test(arguments: 0..<5)
    func `invalidations of any bytes distrust what they name, and nothing else`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let loop = EventLoop(name: "cache")
        let cache = ResponseCache(loop: loop, redis: nil, prefix: "sluice:{t}:")
        let mirror = FakeMirror()
        let keys = try (0..<20).map { try CacheKey(target: ["/a/\($0)", "/b/\($0)", "/a?x=\($0)"][$0 % 3]) }
        for _ in 0..<10 {
            for key in keys {
                // Purged first, or an unverified record would be taken for fresh: without Redis there is nobody to ask.
                if cache.memoryHit(for: key) == nil { _ = try await cache.purge(key) }
                _ = try await cache.answer(for: key, deadline: .now.advanced(by: .seconds(30)), fetch: mirror.fetch)
            }
            var named: Set<CacheKey> = []
            var names: [String] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                switch Int.random(in: 0..<5, using: &generator) {
                case 0:
                    let key = keys.randomElement(using: &generator)!
                    names.append("sluice:{t}:cache:" + key.text)
                    named.insert(key)
                case 1:
                    let prefix = ["GET:/a/", "GET:/b/1", "GET:/none"].randomElement(using: &generator)!
                    names.append("sluice:{t}:cache:>" + prefix)
                    named.formUnion(keys.filter { $0.text.hasPrefix(prefix) })
                case 2: names.append("sluice:{u}:cache:" + keys[0].text)
                case 3:
                    names.append(
                        "sluice:{t}:cache:" + String(decoding: generator.bytes(upTo: 12, from: Array("GET:/ac?".utf8)), as: UTF8.self) + "~"
                    )
                default:
                    names.append(String(decoding: generator.bytes(upTo: 30, from: Array("sluice:{t}:cache:>".utf8)), as: UTF8.self) + "~")
                }
            }
            await cache.invalidated(keys: names)
            for key in keys { #expect((cache.memoryHit(for: key) == nil) == named.contains(key), "\(key) after \(names)") }
        }
        await cache.invalidated(keys: nil)
        for key in keys { #expect(cache.memoryHit(for: key) == nil) }
        await cache.shutDown()
        await loop.shutDown()
    }
}

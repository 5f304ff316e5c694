import SluiceLoop
import SluiceRandom
import SluiceRedis
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)))
struct RecordTests {
    private func fields(_ record: CacheRecord) -> [(name: [UInt8], value: [UInt8])] {
        let times = [
            ("stored_ms", record.storedAt), ("fresh_until_ms", record.freshUntil), ("refresh_until_ms", record.refreshUntil),
            ("stale_until_ms", record.staleUntil),
        ].map { ($0.0, Array(String($0.1).utf8)) }
        return (times + RecordFields.encoded(record)).map { (Array($0.0.utf8), $0.1) }
    }

    private let record = CacheRecord(
        version: "v-1", status: 200, mirror: "a", headers: [("content-type", "text/plain"), ("x-note", "a: b")],
        body: [0, 255, 10, 13], tags: ["t1", "t2"], etag: "\"e\"", lastModified: "Sun, 06 Nov 1994 08:49:37 GMT",
        storedAt: 1_000, ageWhenStored: 5, freshUntil: 2_000, refreshUntil: 3_000, staleUntil: 4_000)

    @Test func `a record reads back as it was written`() throws {
        let back = try #require(RecordFields.decoded(fields(record), bodyLimit: 1 << 20))
        #expect(ContentDigest.of(back) == ContentDigest.of(record))
        #expect(back.tags == record.tags && back.etag == record.etag && back.header("X-Note") == "a: b" && back.body == record.body)
    }

    @Test(arguments: ["format", "version", "status", "mirror", "body", "stored_ms", "fresh_until_ms", "stale_until_ms", "age_ms"])
    func `a record that lacks a field is a miss`(name: String) {
        #expect(RecordFields.decoded(fields(record).filter { $0.name != Array(name.utf8) }, bodyLimit: 1 << 20) == nil)
    }

    @Test(arguments: [
        ("format", "2"), ("version", ""), ("status", "20x"), ("status", "99"), ("status", "+200"), ("fresh_until_ms", "1e9"),
        ("stale_until_ms", "9223372036854775807"), ("stored_ms", "-1"), ("headers", "no colon"), ("headers", "bad name: x"),
        ("headers", "a: b\u{0}"), ("held_ms", "soon"), ("held_ms", "-1"), ("purges", "1.0"),
    ])
    func `a mangled record is a miss`(name: String, value: String) {
        let others = fields(record).filter { $0.name != Array(name.utf8) }
        #expect(RecordFields.decoded(others + [(name: Array(name.utf8), value: Array(value.utf8))], bodyLimit: 1 << 20) == nil)
        #expect(RecordFields.decoded(fields(record) + [(name: Array("new".utf8), value: [0xFF])], bodyLimit: 1 << 20) != nil)
    }

    @Test(arguments: 0..<10)
    func `records of any bytes are read or missed, never a crash`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var mangled = fields(record)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = mangled.indices.randomElement(using: &generator)!
                mangled[place].value = generator.bytes(upTo: 25, from: Array("0123456789: \n".utf8))
                if Int.random(in: 0..<8, using: &generator) == 0 { mangled.remove(at: mangled.indices.randomElement(using: &generator)!) }
            }
            guard let read = RecordFields.decoded(mangled, bodyLimit: 1 << 20) else { continue }
            let entry = MemoryEntry(read, serverTime: 0, anchor: .now, era: 1)
            _ = entry.answer(from: .redis, now: .now)
            #expect(read.headers.allSatisfy { HeaderSelection.isWellFormed(name: $0.0, value: $0.1) })
        }
    }

    @Test(arguments: [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1_000])
    func `digests pad as the standard says`(length: Int) {
        // Known answers for the edge lengths are checked against Redis itself in the integration tests; here: stable and distinct.
        let message = [UInt8](repeating: 97, count: length)
        #expect(SHA1.hexadecimal(message).utf8.count == 40)
        #expect(SHA1.hexadecimal(message) != SHA1.hexadecimal(message + [97]))
        #expect(SHA1.hexadecimal(Array("abc".utf8)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    @Test func `headers of one connection, one exchange or a quota are not kept`() {
        let fields = [
            ("Content-Type", "x"), ("Connection", "close, X-Hop"), ("X-Hop", "1"), ("Set-Cookie", "s"), ("X-RateLimit-Remaining", "3"),
            ("Bad Name", "x"), ("X-Break", "a\r\nb"), ("ETag", "\"1\""), ("Transfer-Encoding", "chunked"), ("Sluice-Mirror", "far"),
            ("Retry-After", "5"),
        ]
        for status in [429, 503] { #expect(HeaderSelection.kept(of: fields, status: status).map(\.0) == ["content-type", "etag"]) }
        // Not about a quota: when to ask for what is not ready yet.
        #expect(HeaderSelection.kept(of: fields, status: 202).map(\.0) == ["content-type", "etag", "retry-after"])
    }

    @Test(
        arguments: [
            (Array("\"v\"".utf8), true), (Array("W/\"é\"".utf8), true), ([0x22, 0xE9, 0x22], false), ([0x22, 0xC3, 0x22], false),
            (Array("\"\u{FFFD}\"".utf8), false),
        ] as [([UInt8], Bool)])
    func `an ETag that was not UTF-8 is not kept, since another would read the same`(bytes: [UInt8], isKept: Bool) {
        let response = FetchedResponse(
            status: 200, headers: [("ETag", String(decoding: bytes, as: UTF8.self)), ("X-Note", "\u{FFFD}")], body: [], mirror: "b",
            receivedAt: .now)
        let draft = RecordDraft(response, confirming: nil, policy: .init(), options: .init())
        #expect(draft.headers.map(\.0) == (isKept ? ["etag", "x-note"] : ["x-note"]) && (draft.etag != nil) == isKept)
    }

    @Test func `a 304 keeps the body and renews the life`() {
        let response = FetchedResponse(
            status: 304, headers: [("Cache-Control", "max-age=77"), ("X-Note", "new")], body: [], mirror: "b", receivedAt: .now)
        let draft = RecordDraft(response, confirming: record, policy: .init(), options: .init())
        #expect(draft.status == 200 && draft.body == record.body && draft.freshness.fresh == 77_000 && draft.mirror == "b")
        #expect(draft.headers.map(\.1).sorted() == ["max-age=77", "new", "text/plain"])
        let alone = RecordDraft(response, confirming: nil, policy: .init(), options: .init())
        #expect(alone.status == 304 && !alone.freshness.isStorable)
    }
}

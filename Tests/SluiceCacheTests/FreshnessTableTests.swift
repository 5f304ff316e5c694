import SluiceLoop
import Testing

@testable import SluiceCache

/// RFC 9111 and RFC 5861 row by row, for a shared cache whose route says 60 s fresh and 600 s stale where answers say nothing.
@Suite(.timeLimit(.minutes(10)))
struct FreshnessTableTests {
    /// An answer, and what is to become of it: seconds fresh, then while it is refreshed, then while mirrors fail; nil: not kept.
    struct Row: Sendable, CustomTestStringConvertible {
        var rule: String
        var status = 200
        var headers: [(String, String)]
        var kept: [Int64]?

        init(_ rule: String, _ status: Int = 200, _ headers: [(String, String)], _ kept: [Int64]?) {
            self.rule = rule
            self.status = status
            self.headers = headers
            self.kept = kept
        }

        /// The same with one line of `Cache-Control`.
        init(_ rule: String, _ control: String, _ kept: [Int64]?, and others: [(String, String)] = []) {
            self.init(rule, 200, [("Cache-Control", control)] + others, kept)
        }

        var testDescription: String { "\(rule): \(status) \(headers.map { "\($0.0): \($0.1)" }.joined(separator: ", "))" }
    }

    private static let noon = ("Date", "Sun, 06 Nov 1994 12:00:00 GMT")
    private static let past = ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")

    static let rows: [Row] = [
        // Section 3: what may be kept at all.
        Row("3 a status that is kept by default", 200, [], [60, 600, 600]),
        Row("3 a status that is kept by default", 301, [], [60, 600, 600]),
        Row("3 a status that needs an explicit lifetime", 302, [], nil),
        Row("3 a status that needs an explicit lifetime", 302, [("Cache-Control", "max-age=5")], [5, 600, 600]),
        Row("3 an error is never kept", 500, [("Cache-Control", "max-age=5")], nil),
        Row("3.3 a part is not kept as the whole", 206, [("Cache-Control", "max-age=5")], nil),
        // Section 4.1: Vary.
        Row("4.1 Vary: * matches no request", 200, [("Vary", "*"), ("Cache-Control", "max-age=5")], nil),
        Row("4.1 Vary: * in a list", 200, [("Vary", "Accept , *")], nil),
        Row(
            "4.1 fields that all requests have in common", 200, [("Vary", "Accept, Accept-Encoding"), ("Vary", "Origin")], [60, 600, 600]),
        Row("4.1 a field in which mirrors are asked differently", 200, [("Vary", "accept, AUTHORIZATION")], nil),
        // Section 4.2.1: which lifetime counts.
        Row("4.2.1 s-maxage before max-age", "max-age=5, s-maxage=3", [3, 0, 0]),
        Row("4.2.1 max-age before Expires", "max-age=5", [5, 600, 600], and: [noon, past]),
        Row("4.2.1 Expires minus Date", 200, [noon, ("Expires", "Sun, 06 Nov 1994 12:00:30 GMT")], [30, 600, 600]),
        Row("4.2.1 the first of several values", "max-age=5, max-age=9", [5, 600, 600]),
        Row("4.2.1 lines are one list", 200, [("Cache-Control", "public"), ("Cache-Control", "max-age=5")], [5, 600, 600]),
        Row("4.2.1 what cannot be read is not fresh", "max-age=soon", [0, 0, 600]),
        Row("4.2.1 a negative lifetime is none", "max-age=-5", [0, 0, 600]),
        // Section 4.2.2: no lifetime is guessed from Last-Modified: the route's applies.
        Row("4.2.2 no heuristic but the route's own", 200, [noon, ("Last-Modified", "Sun, 06 Nov 1893 12:00:00 GMT")], [60, 600, 600]),
        // Section 4.2.3: age.
        Row("4.2.3 Age shortens max-age", "max-age=10", [6, 600, 600], and: [("Age", "4")]),
        Row("5.1 of a list of ages the first counts", "max-age=60", [10, 600, 600], and: [("Age", "50, 3")]),
        Row("5.1 of several ages the first counts", "max-age=60", [10, 600, 600], and: [("Age", "50"), ("Age", "3")]),
        Row("4.2.3 Age shortens Expires", 200, [noon, ("Expires", "Sun, 06 Nov 1994 12:00:30 GMT"), ("Age", "20")], [10, 600, 600]),
        Row("4.2.3 an answer that is too old is kept for failures", "max-age=10", [0, 0, 600], and: [("Age", "40")]),
        Row("4.2.3 an Age that is no number is none", "max-age=10", [10, 600, 600], and: [("Age", "old")]),
        Row("4.2.3 the first Age counts", "max-age=10", [9, 600, 600], and: [("Age", "1"), ("Age", "5")]),
        // Section 5.2.2: directives.
        Row("5.2.2.1 max-age=0", "max-age=0", [0, 0, 600]),
        Row("5.2.2.2 must-revalidate forbids stale", "max-age=5, must-revalidate, stale-if-error=9", [5, 0, 0]),
        Row("5.2.2.2 must-revalidate with nothing fresh", "max-age=0, must-revalidate", nil),
        Row("5.2.2.3 must-understand: no-store is for others", "must-understand, no-store, max-age=5", [5, 600, 600]),
        Row("5.2.2.4 no-cache", "no-cache, max-age=5", nil),
        Row("5.2.2.4 a qualified no-cache", "no-cache=\"X-Mine, x-yours\", max-age=5", [5, 600, 600]),
        Row("5.2.2.4 a qualified no-cache that names nothing", "no-cache=\"\", max-age=5", nil),
        Row("5.2.2.5 no-store", "max-age=5, NO-STORE", nil),
        Row("5.2.2.7 private", "private, max-age=5", nil),
        Row("5.2.2.7 a qualified private", "private=\"X-Mine\", max-age=5", [5, 600, 600]),
        Row("5.2.2.8 proxy-revalidate", "max-age=5, proxy-revalidate", [5, 0, 0]),
        Row("5.2.2.9 public adds nothing here", "public", [60, 600, 600]),
        Row("5.2.2.10 s-maxage forbids the stale that nobody granted", "s-maxage=5", [5, 0, 0]),
        Row("5.2.2.10 s-maxage with stale granted", "s-maxage=5, stale-while-revalidate=7", [5, 7, 0]),
        Row("5.2.3 unknown directives", "max-age=5, community=\"U, no-store\"", [5, 600, 600]),
        // Section 5.3: Expires.
        Row("5.3 no date is the past", 200, [noon, ("Expires", "0")], [0, 0, 600]),
        Row("5.3 no date is the past, without Date too", 200, [("Expires", "-1")], [0, 0, 600]),
        Row("5.3 long ago by any clock", 200, [past], [0, 0, 600]),
        Row("5.3 without Date no clock can tell", 200, [("Expires", "Sun, 06 Nov 2039 12:00:00 GMT")], [60, 600, 600]),
        Row("5.3 before Date", 200, [noon, past], [0, 0, 600]),
        // RFC 5861.
        Row("RFC 5861 both spans", "max-age=1, stale-while-revalidate=2, stale-if-error=3", [1, 2, 3]),
        Row("RFC 5861 none granted by name", "max-age=1, stale-while-revalidate=0, stale-if-error=0", [1, 0, 0]),
        // Negative answers.
        Row("a 404 that says nothing", 404, [], [10, 0, 0]),
        Row("a 410 that says how long", 410, [("Cache-Control", "max-age=30")], [30, 0, 0]),
        Row("a 404 that forbids", 404, [("Cache-Control", "no-store")], nil),
    ]

    @Test(arguments: rows)
    func `an answer is kept as the RFC says`(row: Row) {
        var options = CacheOptions()
        options.differingFields = ["authorization"]
        let freshness = Freshness.of(status: row.status, headers: row.headers, policy: .init(), options: options)
        let kept = freshness.isStorable ? [freshness.fresh, freshness.refresh, freshness.stale].map { $0 / 1_000 } : nil
        #expect(kept == row.kept)
    }

    @Test func `a caller who knows better may keep what varies by a mirror's own fields, but not what varies by everything`() {
        var options = CacheOptions()
        options.differingFields = ["authorization", "x-key"]
        func isKept(_ vary: String) -> Bool {
            let policy = CachePolicy(ignoresVary: ["authorization", "*"])
            return Freshness.of(status: 200, headers: [("Vary", vary)], policy: policy, options: options).isStorable
        }
        #expect(isKept("Authorization"))
        #expect(!isKept("Authorization, X-Key"))
        #expect(!isKept("*"))
    }

    @Test func `fields that a qualified directive names are neither kept nor given to anybody`() {
        let headers = [
            ("Cache-Control", "max-age=5, private=\"X-Mine\""), ("X-Mine", "1"), ("X-Ours", "2"),
            ("cache-control", "no-cache=\"x-Yours, X-His\""),
            ("X-Yours", "3"), ("X-His", "4"), ("Set-Cookie", "a=b"),
        ]
        #expect(HeaderSelection.kept(of: headers, status: 200).map(\.0) == ["cache-control", "x-ours", "cache-control"])
        let response = FetchedResponse(status: 200, headers: headers, body: [], mirror: "m", receivedAt: .now)
        let draft = RecordDraft(response, confirming: nil, policy: .init(), options: .init())
        #expect(draft.headers.map(\.0) == ["cache-control", "x-ours", "cache-control"] && draft.freshness.fresh == 5_000)
    }

    @Test func `4 3 4 a 304 renews headers and life, and leaves what speaks of the stored bytes`() {
        func record(_ headers: [(String, String)]) -> CacheRecord {
            CacheRecord(
                version: "v", status: 200, mirror: "a", headers: headers, body: [1, 2], etag: "\"e\"", storedAt: 0, freshUntil: 0,
                refreshUntil: 0,
                staleUntil: 0)
        }
        func renewed(_ stored: [(String, String)], by newer: [(String, String)]) -> RecordDraft {
            let response = FetchedResponse(status: 304, headers: newer, body: [], mirror: "b", receivedAt: .now)
            return RecordDraft(response, confirming: record(stored), policy: .init(), options: .init())
        }
        let stored = [
            ("content-type", "text/plain"), ("cache-control", "max-age=5"), ("date", Self.noon.1), ("x-note", "old"), ("x-kept", "1"),
        ]
        let draft = renewed(
            stored,
            by: [("Cache-Control", "max-age=77"), ("X-Note", "new"), ("Content-Type", "text/html"), ("Age", "7"), ("Connection", "close")])
        #expect(draft.status == 200 && draft.receivedStatus == 304 && draft.body == [1, 2] && draft.mirror == "b")
        #expect(draft.headers.map(\.0) == ["content-type", "date", "x-kept", "cache-control", "x-note"])
        #expect(draft.headers.first?.1 == "text/plain" && draft.headers.last?.1 == "new")
        #expect(draft.freshness == Freshness(isStorable: true, age: 7, fresh: 70_000, refresh: 600_000, stale: 600_000))
        // One that says nothing leaves the life that the stored answer had named; the age is its own.
        #expect(renewed(stored, by: []).freshness.fresh == 5_000)
        // An Expires is never reckoned from a Date that came with another one; the life that both named together is left as it was.
        let noon = ("date", "Sun, 06 Nov 2039 12:00:00 GMT")
        let dated = [noon, ("expires", "Sun, 06 Nov 2039 12:00:30 GMT")]
        let later = renewed(dated, by: [("Expires", "Sun, 06 Nov 2039 18:00:30 GMT")])
        #expect(later.freshness.fresh == 60_000 && !later.headers.contains { $0.0 == "date" })
        #expect(renewed(dated, by: []).freshness.fresh == 30_000)
        #expect(renewed(dated, by: [noon, ("Expires", "Sun, 06 Nov 2039 12:00:40 GMT")]).freshness.fresh == 40_000)
        // One that forbids keeping is obeyed, and one that withholds a field takes it away.
        #expect(!renewed(stored, by: [("Cache-Control", "no-store")]).freshness.isStorable)
        #expect(!renewed(stored, by: [("Cache-Control", "private=\"x-kept\"")]).headers.contains { $0.0 == "x-kept" })
        #expect(
            renewed(stored, by: [("Content-Security-Policy", "default-src 'self'")]).headers.contains { $0.0 == "content-security-policy" })
    }
}

import SluiceLoop
import Testing

@testable import SluiceCache

/// What becomes of an answer's own word where a route or a call overrides it: how long it is kept is ours to say, who may keep it is not.
@Suite(.timeLimit(.minutes(10)))
struct FreshnessOverrideTests {
    /// An answer, what the policy says, and what is to become of it: seconds fresh, while it is refreshed, while mirrors fail; nil: not kept.
    struct Row: Sendable, CustomTestStringConvertible {
        var status = 200
        var headers: [(String, String)]
        var fresh: Int64?
        var stale: Int64?
        var kept: [Int64]?

        init(_ control: String, fresh: Int64? = 30, stale: Int64? = nil, _ kept: [Int64]?) {
            self.init(200, [("Cache-Control", control)], fresh: fresh, stale: stale, kept)
        }

        init(_ status: Int, _ headers: [(String, String)], fresh: Int64? = 30, stale: Int64? = nil, _ kept: [Int64]?) {
            self.status = status
            self.headers = headers
            self.fresh = fresh
            self.stale = stale
            self.kept = kept
        }

        var testDescription: String {
            "\(status) \(headers.map { "\($0.0): \($0.1)" }.joined(separator: ", ")), fresh \(fresh ?? -1), stale \(stale ?? -1)"
        }
    }

    static let rows: [Row] = [
        // How long: the policy says so, longer or shorter than the answer.
        Row("max-age=3600", [30, 600, 600]), Row("max-age=1", [30, 600, 600]), Row("max-age=0", [30, 600, 600]),
        Row("no-cache", [30, 600, 600]), Row("no-cache, max-age=0, must-revalidate", [30, 0, 0]), Row("s-maxage=5", [30, 0, 0]),
        Row(200, [("Expires", "0")], [30, 600, 600]), Row(200, [("Cache-Control", "max-age=10"), ("Age", "40")], [30, 600, 600]),
        Row(200, [], [30, 600, 600]), Row("max-age=5, stale-while-revalidate=7, stale-if-error=8", [30, 7, 8]),
        // How long after that, where the policy says so.
        Row("max-age=5, must-revalidate", stale: 20, [30, 20, 20]), Row("s-maxage=5, stale-if-error=900", stale: 20, [30, 20, 20]),
        Row("max-age=5", stale: 0, [30, 0, 0]), Row("max-age=5", fresh: nil, stale: 20, [5, 20, 20]),
        Row("no-cache", fresh: nil, stale: 20, nil), Row("max-age=3600", fresh: 0, [0, 0, 600]),
        Row("max-age=3600", fresh: 0, stale: 0, nil),
        // Who may keep it: the answer says so.
        Row("no-store, max-age=5", nil), Row("private, max-age=0, must-revalidate", stale: 20, nil), Row(200, [("Vary", "*")], nil),
        Row(200, [("Vary", "Authorization"), ("Cache-Control", "max-age=5")], nil),
        // Which answers: errors never, redirects that are kept on their word only by their word, negative ones for their short life.
        Row(500, [("Cache-Control", "max-age=5")], nil), Row(429, [], nil), Row(206, [("Cache-Control", "max-age=5")], nil),
        Row(302, [], nil), Row(302, [("Cache-Control", "max-age=5")], [5, 600, 600]),
        Row(301, [("Cache-Control", "max-age=5")], [30, 600, 600]),
        Row(404, [("Cache-Control", "max-age=3600")], [10, 0, 0]), Row(404, [], fresh: 3, stale: 20, [3, 0, 0]),
        Row(410, [("Cache-Control", "no-store")], nil),
    ]

    @Test(arguments: rows)
    func `an override says how long an answer is kept, and never whether it may be`(row: Row) {
        var options = CacheOptions()
        options.differingFields = ["authorization"]
        func span(_ seconds: Int64?) -> Duration? { seconds.map { .seconds($0) } }
        let policy = CachePolicy(fresh: span(row.fresh), stale: span(row.stale), overridesAnswer: true)
        let freshness = Freshness.of(status: row.status, headers: row.headers, policy: policy, options: options)
        #expect((freshness.isStorable ? [freshness.fresh, freshness.refresh, freshness.stale].map { $0 / 1_000 } : nil) == row.kept)
    }

    @Test func `a 304 renews for as long as the override says, and a qualified directive still withholds its fields`() {
        let policy = CachePolicy(fresh: .seconds(30), overridesAnswer: true)
        let stored = CacheRecord(
            version: "v", status: 200, mirror: "a", headers: [("cache-control", "max-age=1"), ("x-mine", "1")], body: [1], storedAt: 0,
            freshUntil: 0, refreshUntil: 0, staleUntil: 0)
        let response = FetchedResponse(
            status: 304, headers: [("Cache-Control", "no-cache, private=\"x-mine\""), ("Age", "9")], body: [], mirror: "b", receivedAt: .now
        )
        let draft = RecordDraft(response, confirming: stored, policy: policy, options: .init())
        #expect(draft.freshness == Freshness(isStorable: true, age: 9, fresh: 30_000, refresh: 600_000, stale: 600_000))
        #expect(draft.body == [1] && !draft.headers.contains { $0.0 == "x-mine" })
    }

    @Test func `a policy without an override leaves the first word to the answer`() {
        let policy = CachePolicy(fresh: .seconds(30), stale: .seconds(20))
        let freshness = Freshness.of(status: 200, headers: [("Cache-Control", "max-age=5")], policy: policy, options: .init())
        #expect(freshness.fresh == 5_000 && freshness.stale == 20_000)
    }
}

import SluiceRandom
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)))
struct FreshnessTests {
    private let options = CacheOptions()

    private func freshness(_ status: Int = 200, _ headers: [(String, String)] = [], policy: CachePolicy = .init()) -> Freshness {
        Freshness.of(status: status, headers: headers, policy: policy, options: options)
    }

    @Test func `the route's spans apply when the answer says nothing`() {
        let silent = freshness(policy: CachePolicy(fresh: .seconds(7), stale: .seconds(9)))
        #expect(silent == Freshness(isStorable: true, age: 0, fresh: 7_000, refresh: 9_000, stale: 9_000))
        #expect(freshness() == Freshness(isStorable: true, age: 0, fresh: 60_000, refresh: 600_000, stale: 600_000))
        let told = freshness(200, [("Cache-Control", "max-age=5")], policy: CachePolicy(fresh: .seconds(7), stale: .seconds(9)))
        #expect(told.fresh == 5_000)
        #expect(told.stale == 9_000)
    }

    @Test(
        arguments: [
            ("max-age=5", 5_000), ("max-age=5, s-maxage=3", 3_000), ("MAX-AGE=\"5\"", 5_000),
            ("public,max-age=5 ,foo=\"a,max-age=9\"", 5_000),
            ("max-age=99999999999999999999", (1 << 31) * 1_000), ("max-age=-1", 0), ("max-age=x", 0), ("max-age", 0),
        ] as [(String, Int64)])
    func `Cache-Control names how long an answer is fresh`(line: String, fresh: Int64) {
        #expect(freshness(200, [("cache-control", line)]).fresh == fresh)
    }

    @Test(arguments: ["no-store", "private", "no-cache", "max-age=9, No-Store", "max-age=0, must-revalidate"])
    func `what must not be kept is not kept, whatever the route says`(line: String) {
        let policy = CachePolicy(fresh: .seconds(100), stale: .seconds(100))
        #expect(!freshness(200, [("Cache-Control", line)], policy: policy).isStorable)
    }

    @Test func `staleness follows RFC 5861, and must-revalidate forbids it`() {
        let told = freshness(200, [("Cache-Control", "max-age=1, stale-while-revalidate=2, stale-if-error=3")])
        #expect(told == Freshness(isStorable: true, age: 0, fresh: 1_000, refresh: 2_000, stale: 3_000))
        let strict = freshness(200, [("Cache-Control", "max-age=1, must-revalidate, stale-if-error=3")])
        #expect(strict == Freshness(isStorable: true, age: 0, fresh: 1_000, refresh: 0, stale: 0))
    }

    @Test func `Age shortens freshness, and Expires counts from Date`() {
        let aged = freshness(200, [("Cache-Control", "max-age=10"), ("Age", "4")])
        #expect(aged.fresh == 6_000 && aged.age == 4)
        #expect(freshness(200, [("Cache-Control", "max-age=10"), ("Age", "40")]).fresh == 0)
        // What is granted for failures begins when the answer is no longer fresh, wherever that was.
        let late = freshness(200, [("Cache-Control", "max-age=10, stale-if-error=40"), ("Age", "40")])
        #expect(late == Freshness(isStorable: true, age: 40, fresh: 0, refresh: 0, stale: 10_000))
        #expect(freshness(200, [("Cache-Control", "max-age=10, stale-if-error=20"), ("Age", "40")]).stale == 0)
        let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(freshness(200, [date, ("Expires", "Sun, 06 Nov 1994 08:50:07 GMT")]).fresh == 30_000)
        #expect(freshness(200, [date, ("Expires", "0")]).fresh == 0)
        #expect(freshness(200, [("Expires", "Sun, 06 Nov 2044 08:50:07 GMT")]).fresh == 60_000)
    }

    @Test(arguments: [(0, 0), (3, 3), (60, 10)])
    func `a 404 that says nothing is fresh for no longer than the pool's answers are`(pool: Int64, kept: Int64) {
        var options = CacheOptions()
        options.fresh = .seconds(pool)
        let missing = Freshness.of(status: 404, headers: [], policy: .init(), options: options)
        #expect(missing.fresh == kept * 1_000 && missing.isStorable == (kept > 0))
        let told = Freshness.of(status: 404, headers: [("Cache-Control", "max-age=30")], policy: .init(), options: options)
        #expect(told.fresh == 30_000)
    }

    @Test func `negative answers have a short life of their own, other errors none`() {
        for status in [404, 410] {
            #expect(freshness(status) == Freshness(isStorable: true, age: 0, fresh: 10_000, refresh: 0, stale: 0))
            #expect(freshness(status, policy: CachePolicy(fresh: .seconds(2))).fresh == 2_000)
        }
        for status in [206, 400, 401, 403, 429, 500, 502, 503, 504, 199] {
            #expect(!freshness(status, [("Cache-Control", "max-age=9")]).isStorable)
        }
        #expect(!freshness(302).isStorable)
        #expect(freshness(302, [("Cache-Control", "max-age=9")]).isStorable)
        #expect(!freshness(200, [("Vary", "Accept, *")]).isStorable)
    }

    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_599),
            ("", nil), ("0", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil),
            ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
            ("a b c d e f", nil),
        ] as [(String, Int64?)])
    func `dates of HTTP are read in all three forms`(text: String, seconds: Int64?) { #expect(HTTPDate.seconds(text) == seconds) }

    @Test(arguments: 0..<10)
    func `no header line can make freshness crash or last for ever`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let names = ["Cache-Control", "Age", "Expires", "Date", "Vary"]
        for _ in 0..<500 {
            let headers = names.map {
                ($0, String(decoding: generator.bytes(upTo: 40, from: Array("max-age=9,\"\\ s: GMT0123456789-".utf8)), as: UTF8.self))
            }
            let result = freshness([200, 404, 302].randomElement(using: &generator)!, headers)
            #expect(result.fresh >= 0 && result.fresh <= CacheControl.longest * 1_000)
        }
    }
}

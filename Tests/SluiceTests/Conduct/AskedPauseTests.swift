import SluiceHTTP
import SluiceLoop
import Testing

@testable import Sluice

@Suite struct `For how long a refusal asks` {
    private static let date = "Sat, 21 Nov 2026 08:00:00 GMT"

    @Test(
        arguments: [
            (["Retry-After": "7"], 7), (["retry-after": "0"], 0), (["Retry-After": "999999999"], 86_400),
            (["Retry-After": "99999999999999999999"], 86_400), (["Retry-After": "1.2"], 2), (["Retry-After": "-5"], nil),
            (["Retry-After": "soon"], nil), (["Retry-After": ""], nil), ([:], nil),
            // A point in time is read by the mirror's own clock; without that it says nothing.
            (["Retry-After": "Sat, 21 Nov 2026 08:00:30 GMT", "Date": date], 30), (["Retry-After": "Sat, 21 Nov 2026 08:00:30 GMT"], nil),
            (["Retry-After": "Sat, 21 Nov 2026 07:00:00 GMT", "Date": date], 0),
            (["RateLimit": "\"default\";r=0;t=12"], 12), (["RateLimit": "limit=30, remaining=0, reset=9"], 9),
            // What a quota with something left says is not why a request was refused.
            (["RateLimit": "\"a\";r=0;t=12, \"b\";r=3;t=50"], 12), (["RateLimit": "\"a\";r=3;t=50, \"b=c\";r=0;t=1, d;r=0;t=7"], 7),
            (["RateLimit": "\"a\";r=2;t=12, \"b\";r=3;t=50"], 50), (["RateLimit": "nonsense;;=,t"], nil),
            (["RateLimit-Reset": "14"], 14), (["X-RateLimit-Reset": "15"], 15),
            (["X-RateLimit-Reset": "1795248020", "Date": date], 20), (["X-RateLimit-Reset": "1795248020"], nil),
            (["Retry-After": "3", "RateLimit": "\"default\";r=0;t=12"], 3),
            (["Retry-After": "9223372036854775807.5"], 86_400),
            (["X-RateLimit-Reset": "9223372036854775807", "Date": "Mon, 01 Jan 0001 00:00:00 GMT"], 86_400),
        ] as [([String: String], Int64?)])
    func `it is read from the fields that say it, and from nothing else`(fields: [String: String], seconds: Int64?) {
        let now = Instant.now
        let response = HTTPResponse(status: 429, headers: fields.map { ($0.key, $0.value) }, firstByteAt: now, completedAt: now)
        #expect(AskedPause.of(response) == seconds.map { $0 * 1_000_000 })
        #expect(Verdict.of(response, isConditional: false) == .refused(pause: seconds.map { $0 * 1_000_000 }))
    }

    /// An API tells of its quotas in every answer, also when something else is the matter.
    @Test(
        arguments: [
            (["Retry-After": "7"], 7), (["Retry-After": "7", "X-RateLimit-Remaining": "4990", "X-RateLimit-Reset": "3000"], 7), ([:], nil),
            (["X-RateLimit-Remaining": "4990", "X-RateLimit-Reset": "3000"], nil), (["X-RateLimit-Reset": "3000"], nil),
            (["X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"], 30), (["RateLimit-Remaining": "0", "RateLimit-Reset": "30"], 30),
            (["RateLimit-Remaining": "1", "RateLimit-Reset": "30"], nil), (["RateLimit": "\"a\";r=0;t=12, \"b\";r=3;t=50"], 12),
            (["RateLimit": "\"a\";r=1;t=12"], nil), (["RateLimit": "limit=30, remaining=0, reset=9"], 9),
            (["RateLimit": "limit=30, remaining=2, reset=9"], nil),
        ] as [([String: String], Int64?)])
    func `a 503 is a refusal if it says when to come back, or that a quota is spent`(fields: [String: String], seconds: Int64?) {
        let now = Instant.now
        let busy = HTTPResponse(status: 503, headers: fields.map { ($0.key, $0.value) }, firstByteAt: now, completedAt: now)
        #expect(Verdict.of(busy, isConditional: false) == (seconds.map { .refused(pause: $0 * 1_000_000) } ?? .failed))
    }

    @Test func `no header raises a limit: what it says of quotas is not read`() {
        let now = Instant.now
        let generous = HTTPResponse(
            status: 429,
            headers: [("RateLimit-Limit", "1000000"), ("RateLimit-Remaining", "999999"), ("RateLimit-Policy", "\"d\";q=1000;w=1")],
            firstByteAt: now, completedAt: now)
        #expect(Verdict.of(generous, isConditional: false) == .refused(pause: nil))
    }
}

import SluiceCache
import SluiceHTTP

/// For how long a mirror asks to be left alone, by the fields of its answer: `Retry-After` (RFC 9110 section 10.2.3), else what the
/// fields of quotas say (``Quota``). Pure.
///
/// A point in time is read by the mirror's own clock, its `Date`; where it says none, the field says nothing. What such a field says
/// of limits is not used at all: it may only make us slower.
enum AskedPause {
    /// In microseconds, at most a day; nil when the answer does not say.
    static func of(_ response: HTTPResponse) -> Int64? { retryAfter(of: response) ?? microseconds(Quota.renewal(of: response)) }

    /// The same for an answer that need not be about quotas at all: many mirrors tell of their quotas in every answer, so these count
    /// only where nothing is left of one.
    static func ofUnavailable(_ response: HTTPResponse) -> Int64? {
        retryAfter(of: response) ?? microseconds(Quota.renewal(ofSpentIn: response))
    }

    private static func retryAfter(of response: HTTPResponse) -> Int64? {
        microseconds(response.header("retry-after").flatMap { retryAfter($0, date: response.header("date").flatMap(HTTPDate.seconds)) })
    }

    private static func microseconds(_ seconds: Int64?) -> Int64? { seconds.map { min(max($0, 0), longest) * 1_000_000 } }

    /// Seconds; longer than that nobody is left alone without being asked again.
    private static let longest: Int64 = 86_400

    private static func retryAfter(_ text: String, date: Int64?) -> Int64? {
        if let seconds = Quota.number(text) { return seconds }
        guard let date, let until = HTTPDate.seconds(text) else { return nil }
        return until - date
    }
}

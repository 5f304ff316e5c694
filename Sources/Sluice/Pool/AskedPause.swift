import SluiceCache
import SluiceHTTP

/// For how long a mirror asks to be left alone, by the fields of its answer: `Retry-After` (RFC 9110 section 10.2.3), else the
/// `RateLimit` field of the IETF's drafts (`"name";r=0;t=12` and the older `limit=30, remaining=0, reset=12`), else `RateLimit-Reset`
/// and `X-RateLimit-Reset`. Pure.
///
/// A point in time is read by the mirror's own clock, its `Date`; where it says none, the field says nothing. What such a field says
/// of limits is not used at all: it may only make us slower.
enum AskedPause {
    /// In microseconds, at most a day; nil when the answer does not say.
    static func of(_ response: HTTPResponse) -> Int64? {
        let date = response.header("date").flatMap(HTTPDate.seconds)
        let seconds =
            response.header("retry-after").flatMap { retryAfter($0, date: date) }
            ?? response.header("ratelimit").flatMap(reset)
            ?? response.header("ratelimit-reset").flatMap(number)
            ?? response.header("x-ratelimit-reset").flatMap { countdown($0, date: date) }
        return seconds.map { min(max($0, 0), longest) * 1_000_000 }
    }

    /// Seconds; longer than that nobody is left alone without being asked again.
    private static let longest: Int64 = 86_400
    /// A count of seconds from here on is a point in time, in seconds since 1970.
    private static let firstPoint: Int64 = 1_000_000_000

    private static func retryAfter(_ text: String, date: Int64?) -> Int64? {
        if let seconds = number(text) { return seconds }
        guard let date, let until = HTTPDate.seconds(text) else { return nil }
        return until - date
    }

    private static func countdown(_ text: String, date: Int64?) -> Int64? {
        guard let seconds = number(text) else { return nil }
        guard seconds >= firstPoint else { return seconds }
        return date.map { seconds - $0 }
    }

    /// The longest time until a quota begins anew, of all that are named.
    private static func reset(_ text: String) -> Int64? {
        text.split { $0 == "," || $0 == ";" }.compactMap { part -> Int64? in
            let words = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\t" } }
            guard words.count == 2, ["t", "reset"].contains(words[0].lowercased()) else { return nil }
            return number(words[1])
        }.max()
    }

    /// A whole number, possibly with a fraction, which is rounded up; so large a one that it is none of ours becomes the longest.
    private static func number(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        let whole = min(Int64(parts[0]) ?? .max, 1 << 53)
        return parts.count == 2 && parts[1].contains { $0 != "0" } ? whole + 1 : whole
    }
}

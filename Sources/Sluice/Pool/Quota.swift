import SluiceCache
import SluiceHTTP

/// One quota of which an answer tells: how much is left, and when it begins anew. Read from the `RateLimit` field of the IETF's drafts
/// (`"name";r=0;t=12, "other";r=7;t=60`, and the older `limit=30, remaining=0, reset=12`), else from `RateLimit-Remaining` and
/// `RateLimit-Reset`, else from the same with `X-` before them. Pure.
struct Quota: Hashable, Sendable {
    /// Requests that are left of it; nil when that is not said.
    var left: Int64?
    /// Seconds until it begins anew; nil when that is not said.
    var renewal: Int64?

    /// In how many seconds the quota begins anew for want of which a request was refused: the last of those of which nothing is said to be left;
    /// where something is left of all, the last of all. Nil when the answer does not say.
    static func renewal(of response: HTTPResponse) -> Int64? {
        let quotas = all(in: response).filter { $0.renewal != nil }
        let suspects = quotas.filter { $0.left ?? 0 == 0 }
        return (suspects.isEmpty ? quotas : suspects).compactMap(\.renewal).max()
    }

    /// In how many seconds the last of the quotas begins anew of which the answer says that nothing is left; nil when it says so of none.
    static func renewal(ofSpentIn response: HTTPResponse) -> Int64? {
        all(in: response).filter { $0.left == 0 }.compactMap(\.renewal).max()
    }

    private static func all(in response: HTTPResponse) -> [Quota] {
        let date = response.header("date").flatMap(HTTPDate.seconds)
        let readings = [
            response.header("ratelimit").map(listed) ?? [],
            [Quota(left: "ratelimit-remaining", renewal: "ratelimit-reset", of: response, date: nil)],
            [Quota(left: "x-ratelimit-remaining", renewal: "x-ratelimit-reset", of: response, date: date)],
        ]
        return readings.first { $0.contains { $0.renewal != nil } } ?? []
    }

    private init(left: Int64? = nil, renewal: Int64? = nil) { (self.left, self.renewal) = (left, renewal) }

    private init(left: String, renewal: String, of response: HTTPResponse, date: Int64?) {
        self.left = response.header(left).flatMap(Self.number)
        self.renewal = response.header(renewal).flatMap(Self.number).flatMap { seconds in
            guard seconds >= Self.firstPoint, renewal.hasPrefix("x-") else { return seconds }
            return date.map { seconds - $0 }
        }
    }

    /// A count of seconds from here on is a point in time, in seconds since 1970.
    private static let firstPoint: Int64 = 1_000_000_000

    /// The members of a `RateLimit` field. In the older form, where no member has a name, they are all about one quota.
    private static func listed(_ text: String) -> [Quota] {
        var quotas: [Quota] = []
        for member in text.split(separator: ",") {
            let parts = member.split(separator: ";")
            let isNamed = parts.first.map { $0.contains("\"") || !$0.contains("=") } ?? false
            if isNamed || quotas.isEmpty { quotas.append(Quota()) }
            for part in parts { quotas[quotas.count - 1].take(part) }
        }
        return quotas
    }

    private mutating func take(_ part: Substring) {
        let words = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\t" } }
        guard words.count == 2 else { return }
        switch words[0].lowercased() {
        case "r", "remaining": left = Self.number(words[1])
        case "t", "reset": renewal = Self.number(words[1])
        default: break
        }
    }

    /// A whole number, possibly with a fraction, which is rounded up; so large a one that it is none of ours becomes the longest.
    static func number(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }) else { return nil }
        let whole = min(Int64(parts[0]) ?? .max, 1 << 53)
        return parts.count == 2 && parts[1].contains { $0 != "0" } ? whole + 1 : whole
    }
}

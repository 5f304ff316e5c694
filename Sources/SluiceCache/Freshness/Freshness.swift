/// What RFC 9111, the overrides and the defaults make of one answer. Pure, and no clock is asked: an answer's own `Age`
/// says how old it is, and spans count from the moment it was received.
///
/// An override (``CachePolicy/overridesAnswer``) takes the place of what an answer says of how *long* it may be kept: `max-age`, `s-maxage`,
/// `Expires`, `Age`, `no-cache`, `must-revalidate` and RFC 5861's. Who may keep it at all is not ours to override: `no-store`, `private` and
/// `Vary` count as ever, as does the status; “there is no such thing” never lives longer than ``CacheOptions/negativeFresh`` by an override.
struct Freshness: Sendable, Hashable {
    /// Whether the answer may be kept at all.
    var isStorable: Bool
    /// How old it was when it was received (`Age`), in seconds.
    var age: Int64
    /// How long from then it is fresh, in milliseconds; 0 when it is not.
    var fresh: Int64
    /// How long after that it may be served while it is refreshed, in milliseconds (`stale-while-revalidate`).
    var refresh: Int64
    /// How long after that it may be served when mirrors fail, in milliseconds (`stale-if-error`).
    var stale: Int64

    /// 2025-01-01: this program is younger.
    private static let longPast: Int64 = 1_735_689_600

    /// Kept in no way.
    static let none = Freshness(isStorable: false, age: 0, fresh: 0, refresh: 0, stale: 0)

    /// Positive answers that may be kept without saying so (RFC 9110 section 15.1); 206 is left out, since we keep whole answers.
    private static let kept: Set<Int> = [200, 203, 204, 300, 301, 308]
    /// Answers that are kept only when they say for how long.
    private static let keptWhenExplicit: Set<Int> = [302, 307]
    /// “There is no such thing”: kept for a short life of its own.
    private static let negative: Set<Int> = [404, 410]

    /// The freshness of an answer. Errors other than 404 and 410 are never kept: the next caller should ask again.
    static func of(status: Int, headers: [(String, String)], policy: CachePolicy, options: CacheOptions) -> Freshness {
        let isNegative = negative.contains(status)
        guard isNegative || kept.contains(status) || keptWhenExplicit.contains(status) else { return .none }
        func lines(_ name: String) -> [String] { headers.filter { $0.0.lowercased() == name }.map(\.1) }

        let control = CacheControl(lines("cache-control"))
        let isKept = kept.contains(status)
        let override = policy.overridesAnswer && (isKept || isNegative) ? policy : nil
        guard !control.noStore, !control.isPrivate, !control.noCache || override?.fresh != nil,
            VaryRule.allows(lines("vary"), differing: options.differingFields, ignoring: policy.ignoresVary)
        else { return .none }
        // Of a list the first member counts (RFC 9111 section 5.1).
        let age = lines("age").first.map { CacheControl.seconds($0.prefix { $0 != "," }.filter { $0 != " " && $0 != "\t" }) } ?? 0

        let explicit = explicitLifetime(control, expires: lines("expires").first, date: lines("date").first)
        let fresh: Int64
        if let span = override?.fresh {
            fresh = milliseconds(isNegative ? min(options.negativeFresh, span) : span)
        } else if let explicit {
            fresh = max(0, explicit - age) * 1_000
        } else if isNegative {
            fresh = milliseconds(min(options.negativeFresh, policy.fresh ?? options.fresh))
        } else if isKept {
            fresh = milliseconds(policy.fresh ?? options.fresh)
        } else {
            return .none
        }

        // An answer that names its own freshness but says nothing of staleness leaves that to us, unless it forbids it.
        // One that speaks to shared caches in particular forbids what it does not grant (RFC 9111 section 5.2.2.10).
        let isStrict = isNegative || control.mustRevalidate || control.sharedMaxAge != nil
        let spare = isStrict ? 0 : milliseconds(policy.stale ?? options.stale)
        let own = override?.stale.map { isNegative ? 0 : milliseconds($0) }
        let refresh = own ?? (control.mustRevalidate ? 0 : control.staleWhileRevalidate.map { $0 * 1_000 } ?? spare)
        // An answer that was old when it came has used up a part of it.
        let overdue = override?.fresh == nil ? max(0, age - (explicit ?? age)) : 0
        let stale = own ?? (control.mustRevalidate ? 0 : control.staleIfError.map { max(0, $0 - overdue) * 1_000 } ?? spare)
        let isStorable = fresh > 0 || refresh > 0 || stale > 0
        // Nothing lives without having been fresh: zero freshness by override or answer means “ask each time”, with the old answer for failures.
        return Freshness(isStorable: isStorable, age: age, fresh: fresh, refresh: fresh > 0 ? refresh : 0, stale: stale)
    }

    /// `s-maxage`, else `max-age`, else `Expires` − `Date`, in seconds; nil when the answer says nothing.
    ///
    /// `Expires` without a `Date` could only be read against a wall clock, which is not trusted: then it says nothing, unless it is so
    /// far back that it has passed by any clock, as servers write it that mean “already”.
    /// One that is no date, such as `0` or `-1`, has passed (RFC 9111 section 5.3).
    private static func explicitLifetime(_ control: CacheControl, expires: String?, date: String?) -> Int64? {
        if let seconds = control.sharedMaxAge ?? control.maxAge { return seconds }
        guard let expires else { return nil }
        guard let end = HTTPDate.seconds(expires) else { return 0 }
        guard let date, let start = HTTPDate.seconds(date) else { return end < longPast ? 0 : nil }
        return min(max(0, end - start), CacheControl.longest)
    }

    /// Milliseconds within what a double holds exactly, with room for sums.
    private static func milliseconds(_ span: Duration) -> Int64 { min(max(0, span.milliseconds), CacheControl.longest * 1_000) }
}

extension Duration {
    /// Whole milliseconds, rounded down; held within what `Int64` can say.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        if overflow { return seconds < 0 ? .min : .max }
        return scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000).partialValue
    }
}

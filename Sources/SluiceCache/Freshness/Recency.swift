package import SluiceLoop

/// Since when a mirror must have given an answer, for it to do for one call. Pure.
///
/// Records are shared by all callers, and say how long they are fresh for everybody. A call that bears less than that is asked for here. What
/// counts is when a mirror gave or confirmed the answer, not what the answer said of its own age: asking again makes that no younger.
package struct Recency: Sendable, Hashable {
    /// What was given before is not fresh to the caller.
    package var fresh: Instant
    /// What was given before is not even to be served as stale, as long as a mirror may answer.
    package var stale: Instant

    /// Whatever is fresh to all is fresh to the caller.
    package static let any = Recency(fresh: .init(microseconds: .min), stale: .init(microseconds: .min))

    /// Bounds of one's own.
    init(fresh: Instant, stale: Instant) {
        self.fresh = fresh
        self.stale = stale
    }

    /// What a call bears.
    /// - Parameters:
    ///   - maxAge: how long ago the answer may have been given at most; nil: as long as it is fresh.
    ///   - policy: one that overrides what answers say holds for those that others have stored, too.
    init(maxAge: Duration?, policy: CachePolicy, now: Instant) {
        self = .any
        func ago(_ span: Duration) -> Instant { now.advanced(by: .zero - min(max(span, .zero), Self.longest)) }
        if policy.overridesAnswer, let span = policy.fresh {
            fresh = ago(span)
            if let more = policy.stale { stale = ago(min(span, Self.longest) + min(more, Self.longest)) }
        }
        if let maxAge {
            fresh = max(fresh, ago(maxAge))
            stale = max(stale, ago(maxAge))
        }
    }

    /// Older than this program: a hundred years.
    private static let longest = Duration.seconds(3_155_760_000)
}

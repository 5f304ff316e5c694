/// How a mirror treats requests beyond counting them. Shares are between 0 and 1, each drawn for every request.
package struct MirrorManner: Hashable, Sendable {
    /// How many times longer every way takes; no way takes longer than the request timeout.
    package var slowness: Int64 = 1
    /// It hangs up before it has counted.
    package var hangsUpBefore = 0.0
    /// It hangs up after it has counted.
    package var hangsUpAfter = 0.0
    /// It counts, and never answers.
    package var hangs = 0.0
    /// It counts, and answers 500.
    package var fails = 0.0
    /// It counts, and answers 429 although its limits are kept.
    package var refuses = 0.0
    /// What a refusal asks for, in microseconds; nil: it does not say.
    package var retryAfter: Int64?
    /// It counts, and answers with a redirect to itself.
    package var redirects = 0.0

    package init() {}
}

/// By which algorithm a mirror really counts. What Sluice promises, at most n in any window, is judged for all of them.
package enum Upstream: Hashable, Sendable {
    /// Arrivals in a window that slides: exactly what the limit says.
    case log
    /// This window's arrivals, and those of the one before weighed by how much of it the sliding window still covers.
    case slidingCounter
    /// A bucket of so many tokens, of which one comes back every window/n.
    case bucket(Int64)
}

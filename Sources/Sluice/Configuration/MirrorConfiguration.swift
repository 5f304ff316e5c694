/// One mirror of the API, with its own limits and headers.
public struct MirrorConfiguration: Hashable, Sendable {
    /// At most `count` requests in any interval as long as `window`.
    public struct Limit: Hashable, Sendable {
        /// Requests, from 1 to 10,000,000.
        public var count: Int
        /// From 1 ms to 31 days.
        public var window: Duration

        /// For example `Limit(30, per: .seconds(60))`.
        public init(_ count: Int, per window: Duration) {
            self.count = count
            self.window = window
        }
    }

    /// The base URL, `http` or `https`; a path in it is put before every request's.
    public var url: String
    /// The name in metrics and answers: letters, digits, `.`, `_`, `-`. Empty: made from the URL's host and port.
    public var name: String
    /// Up to four limits of different windows; all must have room. None: only `concurrency` holds requests back.
    public var limits: [Limit]
    /// At most so many at once, then one per window/count: for upstreams that keep a small bucket or a sliding-window counter.
    public var burst: Int?
    /// At most so many requests under way.
    public var concurrency: Int?
    /// Sent with every request to this mirror, for example credentials.
    public var headers: [String: String]

    /// A mirror.
    public init(
        url: String, name: String = "", limits: [Limit] = [], burst: Int? = nil, concurrency: Int? = nil, headers: [String: String] = [:]
    ) {
        self.url = url
        self.name = name
        self.limits = limits
        self.burst = burst
        self.concurrency = concurrency
        self.headers = headers
    }
}

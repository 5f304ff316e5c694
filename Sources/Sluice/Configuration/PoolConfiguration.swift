/// Everything a pool needs to know. Processes that use the same `pool` at the same Redis share limits and cache.
public struct PoolConfiguration: Sendable {
    /// How answers are kept.
    public struct Cache: Hashable, Sendable {
        /// How long an answer that says nothing itself is fresh.
        public var fresh: Duration = .seconds(60)
        /// How long after that it may be served while it is refreshed, or while mirrors fail.
        public var stale: Duration = .seconds(600)
        /// Bytes that answers may take in this process's memory.
        public var memory: Int = 64 << 20
        /// Whether answers that are asked for near the end of their freshness are refreshed before it, with slots that nobody wants.
        public var refreshesAhead = true

        /// The defaults.
        public init() {}
    }

    /// A path of the gateway that stands for another path of the mirrors, with its own freshness.
    public struct Route: Hashable, Sendable {
        /// As clients ask for it; `{name}` matches one segment: `/get_todos/{id}`.
        public var path: String
        /// As the mirrors know it; `{name}` is filled in: `/todos/{id}`, `/search?q={word}`. Nil: the same path.
        public var upstream: String?
        /// Overrides ``Cache/fresh``.
        public var fresh: Duration?
        /// Overrides ``Cache/stale``.
        public var stale: Duration?
        /// Whether ``fresh`` and ``stale``, as far as they are given, hold whatever the mirrors' answers say: see
        /// ``CallOptions/overridesAnswer``.
        public var overridesAnswer: Bool

        /// A route.
        public init(
            path: String, upstream: String? = nil, fresh: Duration? = nil, stale: Duration? = nil, overridesAnswer: Bool = false
        ) {
            self.path = path
            self.upstream = upstream
            self.fresh = fresh
            self.stale = stale
            self.overridesAnswer = overridesAnswer
        }
    }

    /// The pool's name: 1 to 64 letters, digits, `.`, `_`, `-`.
    public var pool = "default"
    /// `redis://[user[:password]@]host[:port][/db]`, `unix:///path`, or `redis+sentinel://host[:port][,host[:port]…]/master[/db]`; nil:
    /// everything stays within this process.
    ///
    /// `rediss://` is `redis://` by TLS 1.2 or later. The server's certificate must be for the host of the URL, and signed by an authority
    /// of the system, or of the PEM file in `?cacert=path`. `cert=path` and `key=path` name a certificate of our own.
    public var redis: String?
    /// At least one.
    public var mirrors: [MirrorConfiguration]
    /// How answers are kept.
    public var cache = Cache()
    /// How long one request to a mirror may take.
    public var timeout: Duration = .seconds(10)
    /// How long a call may take when it names no deadline of its own.
    public var deadline: Duration = .seconds(60)
    /// How long a leader that died is waited for.
    public var lease: Duration = .seconds(2)
    /// Where the gateway listens.
    public var listen = "127.0.0.1:8080"
    /// Routes of the gateway; a path that none matches goes to the mirrors as it is.
    public var routes: [Route] = []
    /// The largest body of an answer, in bytes.
    public var responseLimit = 8 << 20
    /// False for a process that makes a few calls and ends: it never leads.
    public var isLongLived = true
    /// Called with each event that an operator may want to read; on any thread.
    public var log: @Sendable (String) -> Void = { _ in }

    /// A pool of these mirrors, with defaults for the rest.
    public init(mirrors: [MirrorConfiguration]) { self.mirrors = mirrors }
}

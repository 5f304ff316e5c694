public import Sluice

/// Where a ``Gateway`` listens, what it maps, and what it bears.
public struct GatewayConfiguration: Sendable {
    /// `ADDRESS:PORT`: an IP address of this host, `localhost`, or `[::1]:8080`; port 0 takes a free one.
    public var listen = "127.0.0.1:8080"
    /// Paths that stand for other paths of the mirrors, or have a freshness of their own. What none matches goes to the mirrors as it is.
    public var routes: [PoolConfiguration.Route] = []
    /// The bearer token that `/-/status`, `/-/metrics` and `POST /-/purge` need, from everybody, this host included; nil: these three
    /// serve this host alone. `/-/health` and `/-/ready` serve everybody, since they say no more than yes or no. Behind a reverse proxy
    /// on the same host set a token. 1 to 4,096 visible ASCII characters.
    public var managementToken: String?
    /// Connections at once, 1 to 1,000,000; more wait until one ends. Each takes up to ``maxHeaderBytes`` and 16 KiB of memory, and a
    /// descriptor: the process needs some more of these for Redis and the mirrors.
    public var maxConnections = 4_096
    /// How long a connection may take for its next complete request, and an answer for its next progress: it ends idle and slow
    /// clients alike. 10 ms to 1 h. A client that reads its answer steadily, but at less than 4 KiB a second, is cut off as well.
    public var idleTimeout: Duration = .seconds(60)
    /// The largest body of a request, in bytes, 0 to 1 GiB; a longer one is answered with 413.
    public var maxBodyBytes = 1 << 20
    /// The longest request line and headers, in bytes, 2 KiB to 64 KiB; a longer head is answered with 431, by a problem document up to some
    /// KiB more, and else by a page of the HTTP library's. So is one in which fields, parameters and cookies (which count twice), at 64 bytes
    /// more for each, take over 7 KiB besides; where parameters alone leave no room, the library ends the connection. An answer whose own head is longer than 8 KiB becomes a 502.
    public var maxHeaderBytes = 8 << 10
    /// Told of every request that was answered, or whose client left before; nil: nobody. It is called on the gateway's thread and must
    /// not block: what it does for too long, all clients wait for. ``AccessRecord/combined`` is the record as a line. Requests
    /// so malformed that the HTTP library refuses them by itself are not among them.
    public var accessLog: (@Sendable (AccessRecord) -> Void)?
    /// The defaults: `127.0.0.1:8080`, no routes, no token.
    public init() {}

    /// Takes `listen` and `routes` from a pool's configuration.
    public init(_ configuration: PoolConfiguration) {
        listen = configuration.listen
        routes = configuration.routes
    }
}

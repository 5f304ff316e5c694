/// How a `RedisServer` is started.
package struct RedisServerOptions: Sendable {
    /// Listen on a Unix socket in the server's directory instead of a TCP port.
    package var unixSocket = false
    /// Keep an append-only file, so that data survive a kill.
    package var appendOnly = false
    /// The password of the default user; nil: none.
    package var password: String?
    /// `maxmemory`, in bytes; nil: no bound. What happens at the bound is `extraArguments`' `--maxmemory-policy`, by default `noeviction`.
    package var maxMemory: Int?
    /// Addresses to listen on besides 127.0.0.1. Clients from elsewhere are let in without a password then.
    package var alsoBinds: [String] = []
    /// Whether the server's wall clock can be set: see `RedisServer.stepClock(by:)`.
    package var hasSettableClock = false
    /// More arguments, such as `["--maxclients", "10"]`.
    package var extraArguments: [String] = []

    package init(
        unixSocket: Bool = false, appendOnly: Bool = false, password: String? = nil, maxMemory: Int? = nil, alsoBinds: [String] = [],
        hasSettableClock: Bool = false, extraArguments: [String] = []
    ) {
        self.unixSocket = unixSocket
        self.appendOnly = appendOnly
        self.password = password
        self.maxMemory = maxMemory
        self.alsoBinds = alsoBinds
        self.hasSettableClock = hasSettableClock
        self.extraArguments = extraArguments
    }
}

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
    /// More arguments, such as `["--maxclients", "10"]`.
    package var extraArguments: [String] = []

    package init(
        unixSocket: Bool = false, appendOnly: Bool = false, password: String? = nil, maxMemory: Int? = nil, extraArguments: [String] = []
    ) {
        self.unixSocket = unixSocket
        self.appendOnly = appendOnly
        self.password = password
        self.maxMemory = maxMemory
        self.extraArguments = extraArguments
    }
}

extension PoolConfiguration {
    /// A pool for locks and semaphores alone, for a process that calls no API: it never leads, and a call through it ends in an error.
    ///
    ///     let pool = try await MirrorPool(.locks(redis: "redis://127.0.0.1:6379/0"))
    ///     try await pool.lock("nightly-report").withLock { token in … }
    ///
    /// - Parameters:
    ///   - redis: as ``redis``.
    ///   - pool: the name that the processes share; their locks are those of a full pool of the same name.
    public static func locks(redis: String, pool: String = "default") -> PoolConfiguration {
        // No host can have this name (RFC 6761).
        var configuration = PoolConfiguration(mirrors: [MirrorConfiguration(url: "http://no-mirror.invalid", limits: [])])
        configuration.redis = redis
        configuration.pool = pool
        configuration.isLongLived = false
        return configuration
    }
}

import SluiceLoop

/// A setting that can be given as a flag, as an environment variable, or in the file: one table, so that all three agree.
package enum PoolSetting: String, CaseIterable, Sendable {
    /// Each is named as its place in the file.
    case redis, pool, mirrors
    case fresh = "cache.fresh"
    case stale = "cache.stale"
    case memory = "cache.memory"
    case timeout, deadline, lease, listen

    /// The flag without its dashes.
    package var flag: String {
        switch self {
        case .mirrors: "mirror"
        case .fresh: "fresh"
        case .stale: "stale"
        case .memory: "memory"
        default: rawValue
        }
    }

    /// The environment variable.
    package var variable: String { self == .redis ? "SLUICE_REDIS_URL" : "SLUICE_\(rawValue.split(separator: ".").last!.uppercased())" }

    /// The variable that names the file; its flag is `--config`.
    package static let fileVariable = "SLUICE_CONFIG"
    /// The flag that names the file.
    package static let fileFlag = "config"

    /// What the flag is followed by.
    package var valueName: String {
        switch self {
        case .redis: "URL"
        case .pool: "NAME"
        case .mirrors: "URL[,…]"
        case .fresh, .stale, .timeout, .deadline, .lease: "TIME"
        case .memory: "SIZE"
        case .listen: "ADDRESS:PORT"
        }
    }

    /// What it does, for a help text.
    package var purpose: String {
        switch self {
        case .redis:
            "redis:// or rediss://[user:password@]host:port/database, redis+sentinel://host:port,…/master/database or unix:///path; "
                + "without it the limits hold for this process only"
        case .pool: "the pool; processes with the same name at the same Redis share limits and cache"
        case .mirrors:
            "a mirror: its base URL, then any of ,limit=30/60s (several may be given) ,burst=5 ,concurrency=4 ,name=a; may be repeated"
        case .fresh: "how long an answer that says nothing itself is fresh"
        case .stale: "how long after that it may be served while it is refreshed, or while mirrors fail"
        case .memory: "how much memory answers may take in this process: bytes, or a number with KiB, MiB, GiB, kB, MB or GB"
        case .timeout: "how long one request to a mirror may take"
        case .deadline: "how long one call may take, waiting for its slot included"
        case .lease: "how long a leader that died is waited for"
        case .listen: "where the gateway listens; port 0 takes a free one"
        }
    }

    /// What holds when it is not given; nil: nothing does.
    package var defaultText: String? {
        let standard = PoolConfiguration(mirrors: [])
        return switch self {
        case .redis, .mirrors: nil
        case .pool: standard.pool
        case .fresh: standard.cache.fresh.text
        case .stale: standard.cache.stale.text
        case .memory: ByteSizeText.text(of: standard.cache.memory)
        case .timeout: standard.timeout.text
        case .deadline: standard.deadline.text
        case .lease: standard.lease.text
        case .listen: standard.listen
        }
    }
}

import Sluice

/// The value of `Cache-Status` (RFC 9211): one member, `sluice`, and its parameters.
enum CacheStatus {
    /// Served from this process's memory.
    static func memoryHit(freshFor: Int64) -> String { "sluice; hit; ttl=\(freshFor); detail=memory" }

    /// What an answer to `GET` says about itself. `hit` and `fwd` exclude each other: `fwd` means that a mirror was asked, by this call
    /// or by one that it shared the request of (`collapsed`).
    static func of(_ answer: Answer) -> String {
        switch answer.source {
        case .memory: return "sluice; hit; ttl=\(answer.freshFor.wholeSeconds); detail=memory"
        case .redis: return "sluice; hit; ttl=\(answer.freshFor.wholeSeconds); detail=redis"
        case .mirror:
            let forward = answer.forward
            var text = "sluice; fwd=\(forward?.hadRecord == true ? "stale" : "uri-miss"); fwd-status=\(forward?.status ?? answer.status)"
            if forward?.isStored == true { text += "; stored; ttl=\(answer.freshFor.wholeSeconds)" }
            if answer.isCollapsed { text += "; collapsed" }
            return text + "; detail=mirror"
        }
    }

    /// A method that the cache has no part in.
    static func forwarded(status: Int) -> String { "sluice; fwd=method; fwd-status=\(status); detail=mirror" }
}

extension Duration {
    /// Whole seconds, rounded down, so that nothing looks fresher than it is.
    var wholeSeconds: Int64 {
        let (seconds, attoseconds) = components
        return attoseconds < 0 ? seconds - 1 : seconds
    }
}

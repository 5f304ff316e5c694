import Synchronization

/// Counts of how calls ended.
extension ResponseCache {
    /// Counts an answer and passes it on.
    func counted(_ answer: CacheAnswer) -> CacheAnswer {
        counters.withLock { counters in
            switch answer.source {
            case .memory: counters.memoryHits += 1
            case .redis: counters.redisHits += 1
            case .mirror: counters.misses += 1
            }
            if answer.collapsed { counters.collapsed += 1 }
            if answer.stale { counters.staleServed += 1 }
        }
        return answer
    }

    /// Counts an error and passes it on.
    func counted<Failure: Error>(_ error: Failure) -> Failure {
        counters.withLock { $0.errors += 1 }
        return error
    }
}

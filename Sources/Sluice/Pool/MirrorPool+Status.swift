import SluiceCache
import SluiceCoordination
import SluiceRedis

/// What one process counts, since its pool was made.
public struct PoolStatistics: Hashable, Sendable {
    /// Calls answered from this process's memory.
    public var memoryHits: UInt64
    /// Calls answered from Redis.
    public var redisHits: UInt64
    /// Calls for which this process asked a mirror.
    public var misses: UInt64
    /// Calls that shared another call's or process's request.
    public var collapsed: UInt64
    /// Calls answered with something past its freshness, within its bounds.
    public var staleServed: UInt64
    /// Answers that were fetched though nobody waited, with slots that nobody wanted: they neared their end, or had been served stale.
    public var refreshes: UInt64
    /// Fetched answers that Redis could not store: it was full, took no writes, or was out of reach.
    public var fillsFailed: UInt64
    /// Whether Redis takes no writes (a replica, say), as of its last second: no slot can be had, so nothing is fetched.
    public var redisRefusesWrites: Bool
    /// Whether Redis is there and sends this process no messages (its user lacks a right, say): answers in memory are compared with Redis
    /// before each use, and slots are had without a leader.
    public var redisRefusesMessages = false
    /// Records that Redis has said were written or deleted, by whomever.
    public var invalidations: UInt64
    /// Calls that ended in an error.
    public var errors: UInt64
    /// Answers in memory, and the bytes they take.
    public var memoryEntries: Int
    public var memoryBytes: Int
}

extension MirrorPool {
    /// What the pool's metrics say now, for all its processes; without Redis, for this one.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    public func status() async throws(SluiceError) -> PoolStatus {
        guard let redis = core.redis else { return await core.ownStatus() }
        do throws(RedisError) {
            return try await PoolStatus.read(pool: core.configuration.pool, from: redis)
        } catch {
            throw SluiceError(redis: error)
        }
    }

    /// Whether slots can be had: Redis is connected and takes writes, or none is used.
    public var isReady: Bool {
        get async { await isConnected && core.news.writeRefusal == nil }
    }

    /// Whether Redis can be asked: it is connected, or none is used.
    package var isConnected: Bool {
        get async { await core.redis?.isConnected ?? true }
    }

    /// Why Redis takes no writes, so that no slots can be had; nil when it takes them.
    package var writeRefusal: String? { core.news.writeRefusal }

    /// This process's name in the pool: `host:pid:random`.
    public var node: String { core.node.text }

    /// What this process counts.
    public var statistics: PoolStatistics {
        let cache = core.cache.statistics
        return PoolStatistics(
            memoryHits: cache.memoryHits, redisHits: cache.redisHits, misses: cache.misses, collapsed: cache.collapsed,
            staleServed: cache.staleServed, refreshes: cache.refreshes, fillsFailed: cache.fillsFailed,
            redisRefusesWrites: core.news.writeRefusal != nil, redisRefusesMessages: core.news.messageRefusal != nil,
            invalidations: cache.invalidations, errors: cache.errors,
            memoryEntries: cache.memoryEntries, memoryBytes: cache.memoryBytes)
    }
}

extension MirrorPool {
    /// How many calls are under way in this process that memory could not answer.
    public var underWay: Int { get async { await core.underWay } }
}

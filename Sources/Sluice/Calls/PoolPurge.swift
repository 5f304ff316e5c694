import SluiceCache
import SluiceCoordination
import SluiceLoop
import SluiceRedis

/// Forgets answers of a pool without joining it, for a command that does nothing else.
package enum PoolPurge {
    /// Forgets the answers to `GET` of some paths, in all processes of the pool.
    /// - Returns: for each path whether there was an answer.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    package static func forget(_ targets: [PoolTarget], pool: String, redis url: String) async throws(SluiceError) -> [Bool] {
        try await with(pool: pool, redis: url) { cache throws(CacheError) in
            var existed: [Bool] = []
            for target in targets { existed.append(try await cache.purge(target.key)) }
            return existed
        }
    }

    /// Forgets every answer with this tag, in all processes of the pool.
    /// - Returns: how many there were.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    package static func forget(_ tag: PoolTag, pool: String, redis url: String) async throws(SluiceError) -> Int {
        try await with(pool: pool, redis: url) { cache throws(CacheError) in try await cache.purge(tag: tag.text) }
    }

    /// Forgets the answers to all paths that begin with `prefix`, or all there are, in all processes of the pool.
    /// - Parameter prefix: nil for everything.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    package static func forget(prefix: PoolPrefix?, pool: String, redis url: String) async throws(SluiceError) {
        try await with(pool: pool, redis: url) { cache throws(CacheError) in try await cache.purge(prefix?.keys ?? .everything) }
    }

    private static func with<Value: Sendable>(
        pool: String, redis url: String, _ body: (ResponseCache) async throws(CacheError) -> Value
    ) async throws(SluiceError) -> Value {
        let endpoint: RedisEndpoint
        do throws(RedisError) { endpoint = try RedisEndpoint(url: url) } catch { throw SluiceError(redis: error) }
        let loop = EventLoop(name: "sluice-purge")
        let client = RedisClient(endpoint: endpoint, loop: loop)
        await client.start()
        let cache = ResponseCache(loop: loop, redis: client, prefix: PoolKeys(pool: pool).prefix)
        let result: Result<Value, SluiceError>
        do throws(CacheError) { result = .success(try await body(cache)) } catch { result = .failure(SluiceError(error)) }
        await cache.shutDown()
        await client.shutDown()
        await loop.shutDown()
        return try result.get()
    }
}

import SluiceCache
import SluiceCoordination
import SluiceLoop
import SluiceRedis

/// Forgets answers of a pool without joining it, for a command that does nothing else.
package enum PoolPurge {
    /// Forgets the answers to `GET` of some paths, in all processes of the pool.
    /// - Returns: for each path whether there was an answer.
    /// - Throws: `SluiceError` when a path cannot be one, before anything is forgotten, or when Redis cannot be reached.
    package static func forget(_ paths: [String], pool: String, redis url: String) async throws(SluiceError) -> [Bool] {
        var keys: [CacheKey] = []
        for path in paths {
            do throws(CacheKeyError) {
                keys.append(try CacheKey(target: path))
            } catch {
                throw SluiceError(.invalidRequest, "the path “\(path.excerpt)” cannot be one: \(error.message)")
            }
        }
        return try await with(pool: pool, redis: url) { cache throws(CacheError) in
            var existed: [Bool] = []
            for key in keys { existed.append(try await cache.purge(key)) }
            return existed
        }
    }

    /// Forgets every answer with this tag, in all processes of the pool.
    /// - Returns: how many there were.
    /// - Throws: `SluiceError` when Redis cannot be reached.
    package static func forget(tag: String, pool: String, redis url: String) async throws(SluiceError) -> Int {
        try await with(pool: pool, redis: url) { cache throws(CacheError) in try await cache.purge(tag: tag) }
    }

    /// Forgets the answers to all paths that begin with `prefix`, or all there are, in all processes of the pool.
    /// - Parameter prefix: nil for everything.
    /// - Throws: `SluiceError` when no path begins so, or Redis cannot be reached.
    package static func forget(prefix: String?, pool: String, redis url: String) async throws(SluiceError) {
        let keys: KeyPrefix
        do throws(CacheKeyError) {
            keys = try prefix.map { path throws(CacheKeyError) in try KeyPrefix(path: path) } ?? .everything
        } catch {
            throw SluiceError(.invalidRequest, "no path begins with “\((prefix ?? "").excerpt)”: \(error.message)")
        }
        try await with(pool: pool, redis: url) { cache throws(CacheError) in try await cache.purge(keys) }
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

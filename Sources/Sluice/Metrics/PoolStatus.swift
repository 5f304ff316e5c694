import SluiceCoordination
import SluiceLoop
import SluiceRedis

/// What a pool's metrics say at this moment: the hashes in Redis, field by field.
public struct PoolStatus: Sendable {
    /// A hash by name, with its fields.
    public typealias Entry = (name: String, fields: [String: String])

    /// The pool's name.
    public var pool: String
    /// What the leader says of itself; nil when nobody leads.
    public var leader: [String: String]?
    /// One for each mirror, by name.
    public var mirrors: [Entry]
    /// One for each live node, by name.
    public var nodes: [Entry]

    /// Reads a pool's metrics without joining it.
    /// - Throws: `SluiceError` when Redis cannot be reached or refuses us.
    public static func read(pool: String, redis url: String) async throws(SluiceError) -> PoolStatus {
        let loop = EventLoop(name: "sluice-status")
        do throws(RedisError) {
            let client = RedisClient(endpoint: try RedisEndpoint(url: url), loop: loop)
            await client.start()
            do throws(RedisError) {
                let status = try await read(pool: pool, from: client)
                await client.shutDown()
                await loop.shutDown()
                return status
            } catch {
                await client.shutDown()
                throw error
            }
        } catch {
            await loop.shutDown()
            throw SluiceError(redis: error)
        }
    }

    static func read(pool: String, from redis: RedisClient) async throws(RedisError) -> PoolStatus {
        let keys = PoolKeys(pool: pool)
        let leader = try await hash(keys.leaderMetrics, from: redis)
        var mirrors: [Entry] = []
        for name in try await names(after: keys.mirrorMetrics(""), from: redis) {
            mirrors.append((name, try await hash(keys.mirrorMetrics(name), from: redis) ?? [:]))
        }
        var nodes: [Entry] = []
        for node in try await redis.command("ZRANGE", keys.nodes, "0", "-1").array ?? [] {
            guard let name = node.string, let fields = try await hash(keys.nodeMetrics(name), from: redis) else { continue }
            nodes.append((name, fields))
        }
        return PoolStatus(pool: pool, leader: leader, mirrors: mirrors, nodes: nodes)
    }

    private static func hash(_ key: String, from redis: RedisClient) async throws(RedisError) -> [String: String]? {
        let parts = try await redis.command("HGETALL", key).array ?? []
        guard !parts.isEmpty else { return nil }
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            if let name = parts[index].string, let value = parts[index + 1].string { fields[name] = value }
        }
        return fields
    }

    /// The rest of each key that begins with a prefix, in order; walks the keys without blocking the server.
    private static func names(after prefix: String, from redis: RedisClient) async throws(RedisError) -> [String] {
        var found: Set<String> = []
        var cursor = "0"
        let pattern = String(prefix.flatMap { "*?[]\\".contains($0) ? ["\\", $0] : [$0] }) + "*"
        repeat {
            let reply = try await redis.command("SCAN", cursor, "MATCH", pattern, "COUNT", "1000").array ?? []
            guard reply.count == 2, let next = reply[0].string else { break }
            cursor = next
            for key in reply[1].array ?? [] {
                if let name = key.string?.dropFirst(prefix.count) { found.insert(String(name)) }
            }
        } while cursor != "0"
        return found.sorted()
    }
}

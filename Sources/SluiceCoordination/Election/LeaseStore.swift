import SluiceRedis

/// The lease in Redis: the three scripts by which it is taken, extended and given back.
struct LeaseStore: Sendable {
    private static let campaign = RedisScript(name: "campaign", source: PackageResources.campaign_lua)
    private static let renew = RedisScript(name: "renew", source: PackageResources.renew_lua)
    private static let resign = RedisScript(name: "resign", source: PackageResources.resign_lua)

    let redis: RedisClient
    let keys: PoolKeys
    let node: NodeID
    /// Microseconds.
    let lease: Int64

    private var leaseText: String { String(max(1, lease / 1_000)) }

    /// Tries to take the lease.
    func campaign(knownEpoch: Int64) async throws(RedisError) -> SlotNode.Campaign {
        let reply = try await redis.run(
            Self.campaign, keys: [keys.leader, keys.epoch],
            arguments: [node.text, leaseText, String(knownEpoch)])
        guard let parts = reply.array, parts.count == 4, let won = parts[0].int64, let epoch = parts[1].int64, let left = parts[3].int64
        else {
            throw RedisError(.protocolError, "the campaign script answered \(reply); a list of four was expected")
        }
        return won == 1 ? .won(epoch: epoch) : .lost(to: parts[2].string, epoch: epoch, remaining: max(0, left) * 1_000)
    }

    /// Extends the lease; false when this node does not hold it.
    func renew(epoch: Int64, beat: BeatMessage) async throws(RedisError) -> Bool {
        let reply = try await redis.run(
            Self.renew, keys: [keys.leader, keys.epoch],
            arguments: [node.text, leaseText, String(epoch), keys.beat, beat.text])
        return reply.int64 == 1
    }

    /// Gives the lease back.
    func resign(epoch: Int64) async throws(RedisError) {
        let farewell = BeatMessage.resigned(leader: node.text, epoch: epoch)
        _ = try await redis.run(
            Self.resign, keys: [keys.leader], arguments: [node.text, keys.beat, farewell.text])
    }
}

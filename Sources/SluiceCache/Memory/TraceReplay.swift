/// The memory tier's policy on a trace of requests: entries of equal weight, no bytes, no threads.
package struct TraceReplay: Sendable {
    private struct Shard: Sendable {
        var policy: EvictionPolicy
        var index = SlotIndex()
        var hashes: ContiguousArray<UInt64> = []

        mutating func request(_ hash: UInt64) -> Bool {
            if let slot = index.find(hash, isMatch: { hashes[$0] == hash }) {
                policy.touch(slot, hash: hash)
                return true
            }
            let slot = policy.insert(hash, weight: 1)
            if slot == hashes.count { hashes.append(hash) } else { hashes[slot] = hash }
            _ = index.insert(hash, at: slot) { hashes[$0] }
            while let victim = policy.victim() { index.remove(hashes[victim], at: victim) { hashes[$0] } }
            return false
        }
    }

    private var shards: [Shard]

    /// - Parameters:
    ///   - size: how many entries the cache may hold, over all shards; at least one for each.
    ///   - shards: over how many shards keys are spread by their hash.
    package init(size: Int, shards: Int = 1) {
        self.shards = (0..<shards).map { number in
            // What cannot be shared out evenly goes to the first shards: the sum is the size.
            let share = size / shards + (number < size % shards ? 1 : 0)
            return Shard(policy: EvictionPolicy(capacity: max(1, share), isTuned: true))
        }
    }

    /// A key's hash, the same in every process, so that a replay can be repeated: FNV-1a, then mixed. Not for keys that callers choose.
    package static func hash(of key: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash.mixed
    }

    /// A request for the key with this hash; whether it is a hit. A miss is taken in.
    package mutating func request(_ hash: UInt64) -> Bool {
        shards[Int((hash >> 24) % UInt64(shards.count))].request(hash)
    }
}

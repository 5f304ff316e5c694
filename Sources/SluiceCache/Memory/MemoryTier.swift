package import SluiceLoop
import Synchronization

/// Answers in this process's memory: bounded by bytes, readable from any thread without a hop.
///
/// Keys are spread over shards by their hash, each behind a lock of its own that is held for some tens of nanoseconds.
package final class MemoryTier: Sendable {
    /// How many bytes one shard should be able to hold at least, so that a few large bodies do not starve it, and so that
    /// what its policy learns from, and takes for itself, is worth it. Beyond eight shards much more: where entries are large, keys
    /// that fall unevenly on many small shards cost a loop more hits than a lock costs time.
    private static func shardBytes(ofShards count: Int) -> Int { count > 8 ? 64 << 20 : 8 << 20 }
    private static let shardLimit = 16

    private let shards: ShardTable
    /// Whether invalidations reach us.
    let era: TrustEra
    /// Told of each fresh entry that is asked for near its end; once for a version, on the thread that asked.
    let onNearing = Mutex<(@Sendable (NearingEntry) -> Void)?>(nil)

    /// A tier that holds at most `byteLimit` bytes: keys, records and what holds them together.
    package init(byteLimit: Int, era: TrustEra) {
        var count = 1
        while count < Self.shardLimit && byteLimit / (count * 2) >= Self.shardBytes(ofShards: count * 2) { count *= 2 }
        shards = ShardTable(count: count) { MemoryShard(byteLimit: byteLimit / count) }
        self.era = era
    }

    /// Over how many shards keys are spread.
    var shardCount: Int { shards.count }

    /// The entry if it is fresh and verified. Counts as a use and as a hit.
    /// - Parameter since: when a mirror must have given it.
    package func hit(_ key: CacheKey, now: Instant, since: Instant = Recency.any.fresh) -> MemoryHit? {
        let era = era.current
        var nearing: NearingEntry?
        let entry = shards.withShard(of: key.hash) { $0.hit(key, now: now, since: since, era: era, nearing: &nearing) }
        if let nearing { tell(nearing) }
        return entry
    }

    /// The same for `GET` of a path and query as they were given. Nil may also mean that they are not in normal form: then their
    /// ``CacheKey`` finds what there is.
    package func hit(target: String, now: Instant, since: Instant = Recency.any.fresh) -> MemoryHit? {
        let era = era.current
        var nearing: NearingEntry?
        let hash = CacheKey.hash(of: target)
        let entry = shards.withShard(of: hash) { $0.hit(target: target, hash: hash, now: now, since: since, era: era, nearing: &nearing) }
        if let nearing { tell(nearing) }
        return entry
    }

    private func tell(_ nearing: NearingEntry) { onNearing.withLock { $0 }?(nearing) }

    /// How often an entry of the version that is held now was a hit.
    func hits(of key: CacheKey) -> Int { shards.withShard(of: key.hash) { $0.hits(of: key) } }

    /// The entry in whatever state, unless it has passed all its bounds; then it goes.
    func find(_ key: CacheKey, now: Instant) -> MemoryEntry? {
        shards.withShard(of: key.hash) { shard in
            guard let entry = shard.find(key) else { return nil }
            if entry.staleUntil <= now {
                shard.remove(key)
                return nil
            }
            return entry
        }
    }

    /// Whether an entry may be served as what Redis holds now.
    func isVerified(_ entry: MemoryEntry) -> Bool { entry.era != 0 && entry.era == era.current }

    /// Takes an entry in, in place of an older one, and makes room for it. One that no shard could hold is left out.
    package func install(_ entry: MemoryEntry, for key: CacheKey) { shards.withShard(of: key.hash) { $0.install(entry, for: key) } }

    /// Marks the entry unverified: the next read asks Redis whether it still is what it was.
    func distrust(_ key: CacheKey) { shards.withShard(of: key.hash) { $0.distrust(key) } }

    /// Takes the entry out.
    func remove(_ key: CacheKey) { shards.withShard(of: key.hash) { _ = $0.remove(key) } }

    /// Takes out all entries with a tag; how many they were.
    func removeAll(tagged tag: String) -> Int {
        var count = 0
        shards.forEach { count += $0.removeAll { $0.record.tags.contains(tag) } }
        return count
    }

    /// Takes out all entries whose keys have a prefix.
    func removeAll(of prefix: KeyPrefix) {
        shards.forEach { $0.removeAll(of: prefix) }
    }

    /// What it holds, over all shards; not one moment's view.
    var usage: MemoryUsage {
        var total = MemoryUsage()
        shards.forEach { shard in
            let one = shard.usage
            total.entries += one.entries
            total.bytes += one.bytes
            total.hits += one.hits
            total.evictions += one.evictions
        }
        return total
    }
}

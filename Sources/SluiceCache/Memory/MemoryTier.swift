package import SluiceLoop
import Synchronization

/// Answers in this process's memory: bounded by bytes, readable from any thread without a hop.
///
/// Keys are spread over shards by their hash, each behind a lock of its own that is held for some tens of nanoseconds.
package final class MemoryTier: Sendable {
    /// One shard; a class, since a lock cannot move.
    private final class Shard: Sendable {
        let state: Mutex<MemoryShard>
        init(byteLimit: Int) { state = Mutex(MemoryShard(byteLimit: byteLimit)) }
    }

    /// How many bytes one shard should be able to hold at least, so that a few large bodies do not starve it, and so that
    /// what its policy learns from, and takes for itself, is worth it. Beyond eight shards much more: where entries are large, keys
    /// that fall unevenly on many small shards cost a loop more hits than a lock costs time.
    private static func shardBytes(ofShards count: Int) -> Int { count > 8 ? 64 << 20 : 8 << 20 }
    private static let shardLimit = 16

    private let shards: [Shard]
    private let mask: Int
    /// Whether invalidations reach us.
    let era: TrustEra
    /// Told of each fresh entry that is asked for near its end, with its hits so far; once for a version, on the thread that asked.
    let onNearing = Mutex<(@Sendable (CacheKey, MemoryEntry, Int) -> Void)?>(nil)

    /// A tier that holds at most `byteLimit` bytes: keys, records and what holds them together.
    package init(byteLimit: Int, era: TrustEra) {
        var count = 1
        while count < Self.shardLimit && byteLimit / (count * 2) >= Self.shardBytes(ofShards: count * 2) { count *= 2 }
        shards = (0..<count).map { _ in Shard(byteLimit: byteLimit / count) }
        mask = count - 1
        self.era = era
    }

    /// Over how many shards keys are spread.
    var shardCount: Int { shards.count }

    private func shard(_ key: CacheKey) -> Shard { shards[Int(truncatingIfNeeded: key.hash >> 24) & mask] }

    /// The entry if it is fresh and verified. Counts as a use and as a hit.
    /// - Parameter since: when a mirror must have given it.
    package func hit(_ key: CacheKey, now: Instant, since: Instant = Recency.any.fresh) -> MemoryEntry? {
        let era = era.current
        var nearing = 0
        let entry = shard(key).state.withLock { $0.hit(key, now: now, since: since, era: era, nearing: &nearing) }
        if nearing > 0, let entry { onNearing.withLock { $0 }?(key, entry, nearing) }
        return entry
    }

    /// How often an entry of the version that is held now was a hit.
    func hits(of key: CacheKey) -> Int { shard(key).state.withLock { $0.hits(of: key) } }

    /// The entry in whatever state, unless it has passed all its bounds; then it goes.
    func find(_ key: CacheKey, now: Instant) -> MemoryEntry? {
        shard(key).state.withLock { shard in
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
    package func install(_ entry: MemoryEntry, for key: CacheKey) { shard(key).state.withLock { $0.install(entry, for: key) } }

    /// Marks the entry unverified: the next read asks Redis whether it still is what it was.
    func distrust(_ key: CacheKey) { shard(key).state.withLock { $0.distrust(key) } }

    /// Takes the entry out.
    func remove(_ key: CacheKey) { shard(key).state.withLock { _ = $0.remove(key) } }

    /// Takes out all entries with a tag; how many they were.
    func removeAll(tagged tag: String) -> Int {
        shards.reduce(0) { count, shard in count + shard.state.withLock { $0.removeAll { $0.record.tags.contains(tag) } } }
    }

    /// Takes out all entries whose keys have a prefix.
    func removeAll(of prefix: KeyPrefix) {
        for shard in shards { shard.state.withLock { $0.removeAll(of: prefix) } }
    }

    /// What it holds, over all shards; not one moment's view.
    var usage: MemoryUsage {
        var total = MemoryUsage()
        for shard in shards {
            let one = shard.state.withLock { $0.usage }
            total.entries += one.entries
            total.bytes += one.bytes
            total.hits += one.hits
            total.evictions += one.evictions
        }
        return total
    }
}

internal import SluiceLoop

/// One shard of the memory tier: entries by key, and an ``EvictionPolicy`` to choose what goes when bytes run out.
struct MemoryShard: Sendable {
    private struct Slot {
        var key: CacheKey
        var entry: MemoryEntry?
        /// Fresh and verified answers given of this version.
        var hits: UInt32 = 0
        /// From when on a hit tells that the entry nears its end; once for a version.
        var tellsFrom = Instant.distantFuture

        init(_ key: CacheKey, _ entry: MemoryEntry) {
            self.key = key
            take(entry)
        }

        mutating func take(_ entry: MemoryEntry) {
            let isNew = self.entry?.record.version != entry.record.version
            if isNew { hits = 0 }
            if isNew || self.entry?.policy == nil { tellsFrom = entry.policy == nil ? .distantFuture : entry.nearsEnd }
            self.entry = entry
        }
    }

    /// So many hits of one version make it worth a refresh ahead.
    private static let worthwhileHits = 2

    /// What an entry costs beside its key and record: its slot and its node of the policy, each with the room that a growing array
    /// leaves unused, its part of the index, and its counters in the sketch.
    private static let overhead = 2 * (MemoryLayout<Slot>.stride + 32 + 1) + 32 + 32

    /// The least bound, in bytes, of a shard whose window is tuned: below, the shadows would take more than they bring.
    private static let tunedBytes = 2 << 20

    // What a hit touches comes first, so that it lies beside the lock.
    private var hits: UInt64 = 0
    private var slots: ContiguousArray<Slot> = []
    private var index = SlotIndex()
    private var policy: EvictionPolicy
    private var evictions: UInt64 = 0

    /// - Parameter byteLimit: what it may hold at most, the policy's own memory included.
    init(byteLimit: Int) {
        let isTuned = byteLimit >= Self.tunedBytes
        policy = EvictionPolicy(capacity: byteLimit - (isTuned ? EvictionPolicy.tunerBytes : 0), isTuned: isTuned)
    }

    /// What it holds and has done.
    var usage: MemoryUsage { MemoryUsage(entries: policy.count, bytes: policy.weight, hits: hits, evictions: evictions) }

    private func position(of key: CacheKey) -> Int? {
        index.find(key.hash) { slots[$0].key == key }
    }

    /// The entry if it is fresh and was verified in this era; counts.
    /// - Parameters:
    ///   - since: when a mirror must have given it; that of ``Recency/any`` for whenever.
    ///   - nearing: set when the entry nears its end and has not said so yet.
    mutating func hit(_ key: CacheKey, now: Instant, since: Instant, era: UInt64, nearing: inout NearingEntry?) -> MemoryEntry? {
        position(of: key).flatMap { hit(at: $0, now: now, since: since, era: era, nearing: &nearing) }
    }

    /// The same for `GET` of a target, just as it was given.
    /// - Parameter hash: that of the target's key.
    mutating func hit(
        target: String, hash: UInt64, now: Instant, since: Instant, era: UInt64, nearing: inout NearingEntry?
    ) -> MemoryEntry? {
        index.find(hash) { slots[$0].key.isGet(target) }.flatMap { hit(at: $0, now: now, since: since, era: era, nearing: &nearing) }
    }

    @inline(__always) private mutating func hit(
        at position: Int, now: Instant, since: Instant, era: UInt64, nearing: inout NearingEntry?
    ) -> MemoryEntry? {
        guard let entry = slots[position].entry, entry.era == era, era != 0, entry.freshUntil > now,
            since.microseconds == .min || entry.receivedAt >= since
        else { return nil }
        policy.touch(position, hash: slots[position].key.hash)
        hits += 1
        slots[position].hits &+= 1
        if now >= slots[position].tellsFrom, slots[position].hits >= Self.worthwhileHits {
            slots[position].tellsFrom = .distantFuture
            nearing = NearingEntry(key: slots[position].key, entry: entry, hits: Int(slots[position].hits))
        }
        return entry
    }

    /// The entry in whatever state; counts as a use.
    mutating func find(_ key: CacheKey) -> MemoryEntry? {
        guard let position = position(of: key) else { return nil }
        policy.touch(position, hash: slots[position].key.hash)
        return slots[position].entry
    }

    /// Hits of the entry's version so far.
    func hits(of key: CacheKey) -> Int { position(of: key).map { Int(slots[$0].hits) } ?? 0 }

    /// Marks the entry unverified.
    mutating func distrust(_ key: CacheKey) {
        if let position = position(of: key) { slots[position].entry?.era = 0 }
    }

    /// Takes an entry in and makes room for it. It may itself be what goes, when what is there is asked for more often.
    mutating func install(_ entry: MemoryEntry, for key: CacheKey) {
        let cost = entry.record.memoryCost + key.target.utf8.count + 32 + Self.overhead
        guard cost <= policy.queues.capacity else {
            remove(key)
            return
        }
        if let position = position(of: key) {
            slots[position].take(entry)
            policy.reweigh(position, to: cost)
        } else {
            let position = policy.insert(key.hash, weight: cost)
            let slot = Slot(key, entry)
            if position == slots.count { slots.append(slot) } else { slots[position] = slot }
            _ = index.insert(key.hash, at: position, hashOf: { slots[$0].key.hash })
        }
        while let victim = policy.victim() {
            release(victim)
            evictions += 1
        }
    }

    /// Takes the entry out; whether there was one.
    @discardableResult mutating func remove(_ key: CacheKey) -> Bool {
        guard let position = position(of: key) else { return false }
        policy.remove(position)
        release(position)
        return true
    }

    /// Takes out all entries that `matches`; how many they were.
    mutating func removeAll(where matches: (MemoryEntry) -> Bool) -> Int {
        let keys = slots.compactMap { slot in slot.entry.map(matches) == true ? slot.key : nil }
        for key in keys { remove(key) }
        return keys.count
    }

    /// Takes out all entries whose keys have a prefix.
    mutating func removeAll(of prefix: KeyPrefix) {
        let keys = slots.compactMap { slot in slot.entry != nil && prefix.covers(slot.key) ? slot.key : nil }
        for key in keys { remove(key) }
    }

    private mutating func release(_ position: Int) {
        index.remove(slots[position].key.hash, at: position) { slots[$0].key.hash }
        slots[position].entry = nil
    }
}

internal import SluiceLoop

/// One shard of the memory tier: entries by key, and an ``EvictionPolicy`` to choose what goes when bytes run out.
struct MemoryShard: ~Copyable, Sendable {
    /// So many hits of one version make it worth a refresh ahead.
    private static let worthwhileHits = 2

    /// What an entry costs beside its key and record: its slot and its node of the policy, each with the room that a growing array
    /// leaves unused, its part of the index, and its counters in the sketch.
    private static let overhead = 2 * (LineTable<MemorySlot>.stride + MemoryLayout<MemorySlotRest>.stride + 32 + 1) + 32 + 32

    /// The least bound, in bytes, of a shard whose window is tuned: below, the shadows would take more than they bring.
    private static let tunedBytes = 2 << 20

    // What a hit touches comes first, so that it lies beside the lock.
    private var hits: UInt64 = 0
    private var slots = LineTable<MemorySlot>()
    private var index = SlotIndex()
    private var policy: EvictionPolicy
    private var rests: ContiguousArray<MemorySlotRest> = []
    private var evictions: UInt64 = 0

    /// - Parameter byteLimit: what it may hold at most, the policy's own memory included.
    init(byteLimit: Int) {
        let isTuned = byteLimit >= Self.tunedBytes
        policy = EvictionPolicy(capacity: byteLimit - (isTuned ? EvictionPolicy.tunerBytes : 0), isTuned: isTuned)
    }

    /// What it holds and has done.
    var usage: MemoryUsage { MemoryUsage(entries: policy.count, bytes: policy.weight, hits: hits, evictions: evictions) }

    /// Bytes of the targets that its slots and what belongs to them hold, free ones too.
    var keyBytes: Int {
        rests.indices.reduce(0) { $0 + slots.pointer($1).pointee.target.utf8.count + rests[$1].key.target.utf8.count }
    }

    private func position(of key: CacheKey) -> Int? {
        index.find(key.hash) { position in
            let slot = slots.pointer(position)
            guard CacheKey.areSame(slot.pointee.target, key.target) else { return false }
            return slot.pointee.isGet ? key.method == "GET" : rests[position].key == key
        }
    }

    /// The slot of `GET` for a target just as it was given. That need not be judged before: the normal form of a normal form is itself, so a target
    /// whose bytes are a key's is well formed, and no other key's.
    @inline(__always) private func position(ofTarget target: String, hash: UInt64) -> Int? {
        index.find(hash) { position in
            let slot = slots.pointer(position)
            return CacheKey.areSame(slot.pointee.target, target) && slot.pointee.isGet
        }
    }

    private func entry(at position: Int) -> MemoryEntry? { MemoryEntry(slots.pointer(position).pointee, rests[position]) }

    /// The entry if it is fresh and was verified in this era; counts.
    /// - Parameters:
    ///   - since: when a mirror must have given it; that of ``Recency/any`` for whenever.
    ///   - nearing: set when the entry nears its end and has not said so yet.
    mutating func hit(_ key: CacheKey, now: Instant, since: Instant, era: UInt64, nearing: inout NearingEntry?) -> MemoryHit? {
        position(of: key).flatMap { hit(at: $0, hash: key.hash, now: now, since: since, era: era, nearing: &nearing) }
    }

    /// The same for `GET` of a target, just as it was given.
    /// - Parameter hash: that of the target's key.
    mutating func hit(
        target: String, hash: UInt64, now: Instant, since: Instant, era: UInt64, nearing: inout NearingEntry?
    ) -> MemoryHit? {
        position(ofTarget: target, hash: hash).flatMap { hit(at: $0, hash: hash, now: now, since: since, era: era, nearing: &nearing) }
    }

    @inline(__always) private mutating func hit(
        at position: Int, hash: UInt64, now: Instant, since: Instant, era: UInt64, nearing: inout NearingEntry?
    ) -> MemoryHit? {
        let slot = slots.pointer(position)
        guard slot.pointee.era == era, era != 0, slot.pointee.freshUntil > now, let record = slot.pointee.record,
            since.microseconds == .min || record.receivedAt(bornAt: slot.pointee.bornAt) >= since
        else { return nil }
        policy.touch(position, hash: hash)
        hits += 1
        slot.pointee.hits &+= 1
        if now >= slot.pointee.tellsFrom, slot.pointee.hits >= Self.worthwhileHits {
            slot.pointee.tellsFrom = .distantFuture
            nearing = entry(at: position).map { NearingEntry(key: rests[position].key, entry: $0, hits: Int(slot.pointee.hits)) }
        }
        return MemoryHit(record: record, bornAt: slot.pointee.bornAt, freshUntil: slot.pointee.freshUntil)
    }

    /// The entry in whatever state; counts as a use.
    mutating func find(_ key: CacheKey) -> MemoryEntry? {
        guard let position = position(of: key) else { return nil }
        policy.touch(position, hash: key.hash)
        return entry(at: position)
    }

    /// Hits of the entry's version so far.
    func hits(of key: CacheKey) -> Int { position(of: key).map { Int(slots.pointer($0).pointee.hits) } ?? 0 }

    /// Marks the entry unverified.
    mutating func distrust(_ key: CacheKey) {
        if let position = position(of: key) { slots.pointer(position).pointee.era = 0 }
    }

    /// Takes an entry in and makes room for it. It may itself be what goes, when what is there is asked for more often.
    mutating func install(_ entry: MemoryEntry, for key: CacheKey) {
        let cost = entry.record.memoryCost + key.target.utf8.count + 32 + Self.overhead
        guard cost <= policy.queues.capacity else {
            remove(key)
            return
        }
        if let position = position(of: key) {
            slots.pointer(position).pointee.take(entry, hadPolicy: rests[position].policy != nil)
            rests[position].take(entry)
            policy.reweigh(position, to: cost)
        } else {
            let position = policy.insert(key.hash, weight: cost)
            let (slot, rest) = (MemorySlot(key, entry), MemorySlotRest(key, entry))
            if position == rests.count {
                slots.append(slot)
                rests.append(rest)
            } else {
                slots.pointer(position).pointee = slot
                rests[position] = rest
            }
            _ = index.insert(key.hash, at: position, hashOf: { rests[$0].key.hash })
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
        remove(rests.indices.compactMap { entry(at: $0).map(matches) == true ? rests[$0].key : nil })
    }

    /// Takes out all entries whose keys have a prefix.
    mutating func removeAll(of prefix: KeyPrefix) {
        _ = remove(
            rests.indices.compactMap { slots.pointer($0).pointee.record != nil && prefix.covers(rests[$0].key) ? rests[$0].key : nil })
    }

    private mutating func remove(_ keys: [CacheKey]) -> Int {
        for key in keys { remove(key) }
        return keys.count
    }

    private mutating func release(_ position: Int) {
        // The index finds the slot by its key.
        index.remove(rests[position].key.hash, at: position) { rests[$0].key.hash }
        slots.pointer(position).pointee.clear()
        rests[position].clear()
    }
}

import SluiceLoop

/// What a hit touches of an entry in the tier's tables: one line of the processor's cache, which is full. (A long target and the record itself lie
/// elsewhere.)
struct MemorySlot: Sendable {
    /// The key's target; empty where the slot is free.
    private(set) var target: String
    /// Whether the key's method is `GET`.
    let isGet: Bool
    /// How often this version was given as a fresh and verified answer.
    var hits: UInt32 = 0
    /// Nil: the slot is free.
    private(set) var record: CacheRecord?
    private(set) var bornAt: Instant
    private(set) var freshUntil: Instant
    /// As ``MemoryEntry/era``.
    var era: UInt64
    /// From when on a hit tells that the entry nears its end; once for a version.
    var tellsFrom: Instant

    init(_ key: CacheKey, _ entry: MemoryEntry) {
        target = key.target
        isGet = key.method == "GET"
        (record, bornAt, freshUntil, era) = (entry.record, entry.bornAt, entry.freshUntil, entry.era)
        tellsFrom = entry.policy == nil ? .distantFuture : entry.nearsEnd
    }

    /// Another entry takes the place of the one that is there.
    /// - Parameter hadPolicy: whether that could be refreshed ahead.
    mutating func take(_ entry: MemoryEntry, hadPolicy: Bool) {
        let isNew = record?.version != entry.record.version
        if isNew { hits = 0 }
        if isNew || !hadPolicy { tellsFrom = entry.policy == nil ? .distantFuture : entry.nearsEnd }
        (record, bornAt, freshUntil, era) = (entry.record, entry.bornAt, entry.freshUntil, entry.era)
    }

    /// The entry is gone, and what it held on the heap goes with it: the tier's bytes no longer count it.
    mutating func clear() { (target, record) = ("", nil) }
}

/// The rest of an entry, beside its ``MemorySlot``.
struct MemorySlotRest: Sendable {
    private static let noKey = CacheKey(normal: "")

    private(set) var key: CacheKey
    var refreshUntil: Instant
    var staleUntil: Instant
    private(set) var policy: SharedPolicy?

    init(_ key: CacheKey, _ entry: MemoryEntry) {
        self.key = key
        (refreshUntil, staleUntil, policy) = (entry.refreshUntil, entry.staleUntil, entry.policy)
    }

    /// Another entry takes the place of the one that is there.
    mutating func take(_ entry: MemoryEntry) {
        (refreshUntil, staleUntil, policy) = (entry.refreshUntil, entry.staleUntil, entry.policy)
    }

    /// The entry is gone, and what it held on the heap goes with it.
    mutating func clear() { (key, policy) = (Self.noKey, nil) }
}

extension MemoryEntry {
    /// Both halves together; nil where the slot is free.
    init?(_ slot: MemorySlot, _ rest: MemorySlotRest) {
        guard let record = slot.record else { return nil }
        self.init(
            record: record, bornAt: slot.bornAt, freshUntil: slot.freshUntil, refreshUntil: rest.refreshUntil, staleUntil: rest.staleUntil,
            policy: rest.policy, era: slot.era)
    }
}

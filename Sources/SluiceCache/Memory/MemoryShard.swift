internal import SluiceLoop

/// One shard of the memory tier: entries by key, and S3-FIFO to choose what goes when bytes run out.
///
/// S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: “FIFO queues are all you need for cache eviction”, SOSP 2023): new entries queue in
/// a small FIFO of a tenth of the bytes; what was used twice there moves to the main FIFO, the rest goes and leaves a ghost; a key
/// whose ghost is remembered enters the main FIFO at once; the main FIFO gives what was used another round. A hit writes one small counter.
struct MemoryShard: Sendable {
    /// Which FIFO an entry is in.
    private enum Place: UInt8 { case small, main }

    private struct Slot {
        var key: CacheKey
        var entry: MemoryEntry?
        var cost: Int
        var uses: UInt8
        var place: Place
        /// Neighbours in the FIFO; -1 at its ends. In an unused slot, `newer` is the next unused one.
        var newer: Int32
        var older: Int32
    }

    private struct Queue {
        var newest: Int32 = -1
        var oldest: Int32 = -1
        var bytes = 0
        var count = 0
    }

    /// What an entry costs beside its key and record: its slot, its part of the index, and a ghost.
    private static let overhead = 208
    private static let usesLimit: UInt8 = 3

    private let byteLimit: Int
    private var slots: ContiguousArray<Slot> = []
    private var unused: Int32 = -1
    private var index = SlotIndex()
    private var ghosts = GhostTable()
    private var small = Queue()
    private var main = Queue()
    private var hits: UInt64 = 0
    private var evictions: UInt64 = 0

    /// - Parameter byteLimit: what it may hold at most.
    init(byteLimit: Int) { self.byteLimit = byteLimit }

    /// What it holds and has done.
    var usage: MemoryUsage {
        MemoryUsage(entries: small.count + main.count, bytes: small.bytes + main.bytes, hits: hits, evictions: evictions)
    }

    private func position(of key: CacheKey) -> Int? {
        index.find(key.hash) { slots[$0].key.text == key.text }
    }

    /// The entry if it is fresh and was verified in this era; counts.
    mutating func hit(_ key: CacheKey, now: Instant, era: UInt64) -> MemoryEntry? {
        guard let position = position(of: key), let entry = slots[position].entry, entry.era == era, era != 0, entry.freshUntil > now else {
            return nil
        }
        if slots[position].uses < Self.usesLimit { slots[position].uses += 1 }
        hits += 1
        return entry
    }

    /// The entry in whatever state; counts as a use.
    mutating func find(_ key: CacheKey) -> MemoryEntry? {
        guard let position = position(of: key) else { return nil }
        if slots[position].uses < Self.usesLimit { slots[position].uses += 1 }
        return slots[position].entry
    }

    /// Marks the entry unverified.
    mutating func distrust(_ key: CacheKey) {
        if let position = position(of: key) { slots[position].entry?.era = 0 }
    }

    /// Takes an entry in and makes room for it.
    mutating func install(_ entry: MemoryEntry, for key: CacheKey) {
        let cost = entry.record.memoryCost + key.text.utf8.count + 32 + Self.overhead
        guard cost <= byteLimit else {
            remove(key)
            return
        }
        if let position = position(of: key) {
            let difference = cost - slots[position].cost
            slots[position].entry = entry
            slots[position].cost = cost
            if slots[position].place == .small { small.bytes += difference } else { main.bytes += difference }
        } else {
            let position = newSlot(key, entry, cost)
            let isRemembered = ghosts.contains(key.hash, within: small.count + main.count)
            push(position, to: isRemembered ? .main : .small)
        }
        while small.bytes + main.bytes > byteLimit { evictOne() }
    }

    /// Takes the entry out; whether there was one.
    @discardableResult mutating func remove(_ key: CacheKey) -> Bool {
        guard let position = position(of: key) else { return false }
        unlink(position)
        release(position)
        return true
    }

    /// Takes out all entries that `matches`; how many they were.
    mutating func removeAll(where matches: (MemoryEntry) -> Bool) -> Int {
        let keys = slots.compactMap { slot in slot.entry.map(matches) == true ? slot.key : nil }
        for key in keys { remove(key) }
        return keys.count
    }

    // MARK: Eviction

    private mutating func evictOne() {
        if small.bytes >= byteLimit / 10 || main.oldest < 0 {
            while small.oldest >= 0 {
                let position = Int(small.oldest)
                unlink(position)
                if slots[position].uses > 1 {
                    slots[position].uses = 0
                    push(position, to: .main)
                } else {
                    ghosts.remember(slots[position].key.hash)
                    evict(position)
                    return
                }
            }
        }
        while main.oldest >= 0 {
            let position = Int(main.oldest)
            unlink(position)
            if slots[position].uses > 0 {
                slots[position].uses -= 1
                push(position, to: .main)
            } else {
                evict(position)
                return
            }
        }
    }

    private mutating func evict(_ position: Int) {
        release(position)
        evictions += 1
    }

    // MARK: Slots and links

    private mutating func newSlot(_ key: CacheKey, _ entry: MemoryEntry, _ cost: Int) -> Int {
        let slot = Slot(key: key, entry: entry, cost: cost, uses: 0, place: .small, newer: -1, older: -1)
        let position: Int
        if unused >= 0 {
            position = Int(unused)
            unused = slots[position].newer
            slots[position] = slot
        } else {
            position = slots.count
            slots.append(slot)
        }
        if index.insert(key.hash, at: position, hashOf: { slots[$0].key.hash }) { ghosts.resize(to: index.capacity) }
        return position
    }

    private mutating func release(_ position: Int) {
        index.remove(slots[position].key.hash, at: position) { slots[$0].key.hash }
        slots[position].entry = nil
        slots[position].newer = unused
        unused = Int32(position)
    }

    private mutating func push(_ position: Int, to place: Place) {
        slots[position].place = place
        if place == .small { Self.push(position, to: &small, &slots) } else { Self.push(position, to: &main, &slots) }
    }

    private static func push(_ position: Int, to queue: inout Queue, _ slots: inout ContiguousArray<Slot>) {
        slots[position].older = queue.newest
        slots[position].newer = -1
        if queue.newest >= 0 { slots[Int(queue.newest)].newer = Int32(position) } else { queue.oldest = Int32(position) }
        queue.newest = Int32(position)
        queue.bytes += slots[position].cost
        queue.count += 1
    }

    private mutating func unlink(_ position: Int) {
        if slots[position].place == .small {
            Self.unlink(position, from: &small, &slots)
        } else {
            Self.unlink(position, from: &main, &slots)
        }
    }

    private static func unlink(_ position: Int, from queue: inout Queue, _ slots: inout ContiguousArray<Slot>) {
        let (newer, older) = (slots[position].newer, slots[position].older)
        if newer >= 0 { slots[Int(newer)].older = older } else { queue.newest = older }
        if older >= 0 { slots[Int(older)].newer = newer } else { queue.oldest = newer }
        queue.bytes -= slots[position].cost
        queue.count -= 1
    }
}

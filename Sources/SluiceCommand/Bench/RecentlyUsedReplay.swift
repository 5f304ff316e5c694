/// What a cache that lets the least recently used entry go would have kept: the yardstick.
struct RecentlyUsedReplay: Sendable {
    private let size: Int
    private var slots: [UInt64: Int] = [:]
    private var keys: [UInt64] = []
    private var newer: [Int] = []
    private var older: [Int] = []
    private var newest = -1
    private var oldest = -1

    /// - Parameter size: how many entries there may be, at least 1.
    init(size: Int) { self.size = size }

    /// A request for a key; whether it is a hit. A miss is taken in.
    mutating func request(_ key: UInt64) -> Bool {
        if let slot = slots[key] {
            unlink(slot)
            push(slot)
            return true
        }
        let slot: Int
        if keys.count < size {
            slot = keys.count
            keys.append(key)
            newer.append(-1)
            older.append(-1)
        } else {
            slot = oldest
            unlink(slot)
            slots[keys[slot]] = nil
            keys[slot] = key
        }
        slots[key] = slot
        push(slot)
        return false
    }

    private mutating func push(_ slot: Int) {
        older[slot] = newest
        newer[slot] = -1
        if newest >= 0 { newer[newest] = slot } else { oldest = slot }
        newest = slot
    }

    private mutating func unlink(_ slot: Int) {
        if newer[slot] >= 0 { older[newer[slot]] = older[slot] } else { newest = older[slot] }
        if older[slot] >= 0 { newer[older[slot]] = newer[slot] } else { oldest = newer[slot] }
    }
}

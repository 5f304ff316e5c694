package import SluiceLoop

/// Everybody on this node who waits, in the order in which slots are given: priority (with ageing), deadline, arrival.
///
/// Taken-out waiters stay in the heaps until they come up; `alive` says who still counts.
package struct WaitingLine: Sendable {
    private var tiers: [PriorityHeap<Waiter>] = SlotPriority.allCases.map { _ in PriorityHeap() }
    private var alive: [UInt64: SlotPriority] = [:]
    private var counts = [Int](repeating: 0, count: SlotPriority.allCases.count)
    private var nextAgeing = Instant.distantFuture

    package init() {}

    /// How many wait.
    package var count: Int { alive.count }
    package var isEmpty: Bool { alive.isEmpty }

    /// How many wait in each tier, the most urgent first.
    package var countsByTier: [Int] { counts }

    /// How many would get a slot before a newcomer: all in more urgent tiers, and those of its own with an earlier deadline.
    package func countAhead(of newcomer: Waiter) -> Int {
        let tier = newcomer.priority.rawValue
        return counts[..<tier].reduce(0, +) + tiers[tier].count { $0 < newcomer && alive[$0.id]?.rawValue == tier }
    }

    package mutating func insert(_ waiter: Waiter) {
        tiers[waiter.priority.rawValue].insert(waiter)
        alive[waiter.id] = waiter.priority
        counts[waiter.priority.rawValue] += 1
        if waiter.priority != .high { nextAgeing = min(nextAgeing, waiter.arrivedAt.advanced(byMicroseconds: SlotPriority.age)) }
    }

    /// Takes a waiter out; false when it is not there (any more).
    package mutating func remove(_ id: UInt64) -> Bool {
        guard let tier = alive.removeValue(forKey: id) else { return false }
        counts[tier.rawValue] -= 1
        return true
    }

    /// Puts a waiter into a more urgent tier; nothing when it is in one as urgent, or not there (any more).
    package mutating func raise(_ id: UInt64, to tier: SlotPriority) {
        guard let present = alive[id], tier < present, let waiter = tiers[present.rawValue].first(where: { $0.id == id }) else { return }
        alive[id] = tier
        counts[present.rawValue] -= 1
        counts[tier.rawValue] += 1
        tiers[tier.rawValue].insert(waiter)
    }

    /// Takes out the waiter that is next in turn and, where one can be found near the front, does not avoid `mirror`.
    package mutating func next(for mirror: Int) -> Waiter? {
        for tier in tiers.indices {
            var passedOver: [Waiter] = []
            defer { for waiter in passedOver { tiers[tier].insert(waiter) } }
            // A few steps are enough: avoidance is a preference, and the front of the line keeps its right.
            while passedOver.count < 8, let waiter = takeFirst(tier) {
                if !waiter.avoids.contains(mirror) {
                    _ = remove(waiter.id)
                    return waiter
                }
                passedOver.append(waiter)
            }
            if !passedOver.isEmpty {
                let waiter = passedOver.removeFirst()
                _ = remove(waiter.id)
                return waiter
            }
        }
        return nil
    }

    /// The earliest deadline of all.
    package mutating func earliestDeadline() -> Instant? {
        var earliest: Instant?
        for tier in tiers.indices {
            dropDead(tier)
            if let first = tiers[tier].first, first.deadline < earliest ?? .distantFuture { earliest = first.deadline }
        }
        return earliest
    }

    /// Takes out everybody whose deadline has passed.
    package mutating func removeExpired(now: Instant) -> [Waiter] {
        var expired: [Waiter] = []
        for tier in tiers.indices {
            while let first = tiers[tier].first, first.deadline <= now || alive[first.id]?.rawValue != tier {
                _ = tiers[tier].removeFirst()
                if alive[first.id]?.rawValue == tier, remove(first.id) { expired.append(first) }
            }
        }
        return expired
    }

    /// Takes everybody out.
    package mutating func removeAll() -> [Waiter] {
        let everybody = tiers.enumerated().flatMap { tier, heap in heap.filter { alive[$0.id]?.rawValue == tier } }
        self = WaitingLine()
        return everybody.sorted { $0.id < $1.id }
    }

    /// Lifts those who have waited long enough into the next more urgent tier.
    package mutating func age(now: Instant) {
        guard now >= nextAgeing else { return }
        nextAgeing = .distantFuture
        for tier in (1..<tiers.count).reversed() {
            var stays: [Waiter] = []
            for waiter in tiers[tier] where alive[waiter.id]?.rawValue == tier {
                let steps = Int64(waiter.priority.rawValue - tier + 1)
                let due = waiter.arrivedAt.advanced(byMicroseconds: SlotPriority.age * steps)
                guard due <= now, let lifted = SlotPriority(rawValue: tier - 1) else {
                    nextAgeing = min(nextAgeing, due)
                    stays.append(waiter)
                    continue
                }
                alive[waiter.id] = lifted
                counts[tier] -= 1
                counts[tier - 1] += 1
                tiers[tier - 1].insert(waiter)
                if tier > 1 { nextAgeing = min(nextAgeing, due.advanced(byMicroseconds: SlotPriority.age)) }
            }
            tiers[tier] = PriorityHeap(stays)
        }
    }

    private mutating func takeFirst(_ tier: Int) -> Waiter? {
        dropDead(tier)
        return tiers[tier].removeFirst()
    }

    private mutating func dropDead(_ tier: Int) {
        while let first = tiers[tier].first, alive[first.id]?.rawValue != tier { _ = tiers[tier].removeFirst() }
    }
}

/// Published policies in their simplest form, as yardsticks: each tells for every request whether it was a hit. Entries all weigh the same.
enum RivalPolicies {
    typealias Policy = @Sendable (_ trace: [Int], _ size: Int) -> Int

    static let all: [(name: String, hits: Policy)] = [("LRU", lru), ("SIEVE", sieve), ("S3-FIFO", s3fifo), ("ARC", arc)]

    /// A queue from which any key can be taken: whoever leaves, leaves a gap.
    private struct Line {
        private var order: [(key: Int, ticket: Int)] = []
        private var tickets: [Int: Int] = [:]
        private var first = 0
        private var next = 0

        var count: Int { tickets.count }

        func contains(_ key: Int) -> Bool { tickets[key] != nil }

        mutating func append(_ key: Int) {
            next += 1
            tickets[key] = next
            order.append((key, next))
        }

        @discardableResult mutating func remove(_ key: Int) -> Bool { tickets.removeValue(forKey: key) != nil }

        mutating func popFirst() -> Int? {
            while first < order.count {
                let (key, ticket) = order[first]
                first += 1
                guard tickets[key] == ticket else { continue }
                tickets[key] = nil
                return key
            }
            return nil
        }
    }

    @Sendable static func lru(_ trace: [Int], _ size: Int) -> Int {
        var line = Line()
        return trace.reduce(0) { hits, key in
            let isHit = line.remove(key)
            if !isHit, line.count >= size { _ = line.popFirst() }
            line.append(key)
            return hits + (isHit ? 1 : 0)
        }
    }

    /// Zhang and others, NSDI 2024: one queue in the order of arrival, and a hand that passes over what was asked for since it came by.
    @Sendable static func sieve(_ trace: [Int], _ size: Int) -> Int {
        // From the oldest to the newest; what was evicted is nil.
        var queue: [Int?] = []
        var visited: [Int: Bool] = [:]
        var hand = 0
        var hits = 0
        for key in trace {
            if visited[key] != nil {
                visited[key] = true
                hits += 1
                continue
            }
            while visited.count >= size {
                if hand >= queue.count { hand = 0 }
                if let candidate = queue[hand] {
                    if visited[candidate] == true {
                        visited[candidate] = false
                    } else {
                        visited[candidate] = nil
                        queue[hand] = nil
                    }
                }
                hand += 1
            }
            if queue.count > 4 * size {
                hand = queue[..<min(hand, queue.count)].count { $0 != nil }
                queue.removeAll { $0 == nil }
            }
            queue.append(key)
            visited[key] = false
        }
        return hits
    }

    /// Yang and others, SOSP 2023: a tenth for newcomers, the rest for those who were asked for again, and a memory of who was sent away.
    @Sendable static func s3fifo(_ trace: [Int], _ size: Int) -> Int {
        let smallSize = max(1, size / 10)
        var (small, main, ghost) = (Line(), Line(), Line())
        var uses: [Int: Int] = [:]
        var hits = 0
        func evictFromMain() {
            while let key = main.popFirst() {
                guard uses[key, default: 0] > 0 else {
                    uses[key] = nil
                    return
                }
                uses[key]! -= 1
                main.append(key)
            }
        }
        func evict() {
            guard small.count > smallSize || main.count == 0 else { return evictFromMain() }
            while let key = small.popFirst() {
                if uses[key, default: 0] > 1 {
                    uses[key] = 0
                    main.append(key)
                    if main.count > size - smallSize { evictFromMain() }
                    continue
                }
                uses[key] = nil
                ghost.append(key)
                if ghost.count > size - smallSize { _ = ghost.popFirst() }
                return
            }
        }
        for key in trace {
            if let count = uses[key] {
                uses[key] = min(3, count + 1)
                hits += 1
                continue
            }
            while small.count + main.count >= size { evict() }
            if ghost.remove(key) { main.append(key) } else { small.append(key) }
            uses[key] = 0
        }
        return hits
    }

    /// Megiddo and Modha, FAST 2003: recency and frequency share the size as their ghosts say.
    @Sendable static func arc(_ trace: [Int], _ size: Int) -> Int {
        var (recent, frequent, recentGhost, frequentGhost) = (Line(), Line(), Line(), Line())
        var share = 0
        var hits = 0
        func replace(isFrequentGhost: Bool) {
            if recent.count > 0, recent.count > share || (isFrequentGhost && recent.count == share) || frequent.count == 0 {
                if let key = recent.popFirst() { recentGhost.append(key) }
            } else if let key = frequent.popFirst() {
                frequentGhost.append(key)
            }
        }
        for key in trace {
            if recent.remove(key) || frequent.remove(key) {
                frequent.append(key)
                hits += 1
            } else if recentGhost.contains(key) {
                share = min(size, share + max(1, frequentGhost.count / recentGhost.count))
                replace(isFrequentGhost: false)
                recentGhost.remove(key)
                frequent.append(key)
            } else if frequentGhost.contains(key) {
                share = max(0, share - max(1, recentGhost.count / frequentGhost.count))
                replace(isFrequentGhost: true)
                frequentGhost.remove(key)
                frequent.append(key)
            } else {
                let total = recent.count + frequent.count + recentGhost.count + frequentGhost.count
                if recent.count + recentGhost.count == size {
                    if recent.count < size {
                        _ = recentGhost.popFirst()
                        replace(isFrequentGhost: false)
                    } else {
                        _ = recent.popFirst()
                    }
                } else if total >= size {
                    if total >= 2 * size { _ = frequentGhost.popFirst() }
                    replace(isFrequentGhost: false)
                }
                recent.append(key)
            }
        }
        return hits
    }
}

/// What nobody can exceed without knowing the future: the entry that is needed last goes, or is not taken in (Belady 1966).
enum OptimalReplay {
    /// The hits of a whole trace with so many entries.
    static func hits(_ requests: [UInt64], size: Int) -> Int {
        let next = nextUses(requests)
        // By the next use, which belongs to one key alone. A heap with entries that are outdated: those are skipped.
        var heap = LatestFirst()
        var held: [UInt64: Int] = [:]
        var hits = 0
        for (now, key) in requests.enumerated() {
            if held[key] != nil { hits += 1 }
            held[key] = next[now]
            heap.insert((next[now], key))
            while held.count > size, let last = heap.popLatest() {
                if held[last.key] == last.use { held[last.key] = nil }
            }
        }
        return hits
    }

    /// For each request when its key is asked for next; after the end, a time of its own, when never.
    private static func nextUses(_ requests: [UInt64]) -> [Int] {
        var next = [Int](repeating: 0, count: requests.count)
        var seen: [UInt64: Int] = [:]
        for now in requests.indices.reversed() {
            next[now] = seen[requests[now]] ?? requests.count + now
            seen[requests[now]] = now
        }
        return next
    }

    /// A binary heap with the latest use on top.
    private struct LatestFirst {
        private var items: [(use: Int, key: UInt64)] = []

        mutating func insert(_ item: (use: Int, key: UInt64)) {
            items.append(item)
            var child = items.count - 1
            while child > 0, items[(child - 1) / 2].use < items[child].use {
                items.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        mutating func popLatest() -> (use: Int, key: UInt64)? {
            guard let top = items.first, let last = items.popLast() else { return nil }
            guard !items.isEmpty else { return top }
            items[0] = last
            var parent = 0
            while true {
                var largest = parent
                for child in [parent * 2 + 1, parent * 2 + 2] where child < items.count && items[child].use > items[largest].use {
                    largest = child
                }
                if largest == parent { return top }
                items.swapAt(parent, largest)
                parent = largest
            }
        }
    }
}

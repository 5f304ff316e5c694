internal import SluiceLoop

/// Instants at which flights want to be woken: a binary heap. A wake is never taken back; the flight tells then whether it still matters.
struct WakeQueue<Name> {
    private var heap: [(at: Instant, name: Name)] = []

    /// How many wakes are noted, outdated ones included.
    var count: Int { heap.count }

    /// The earliest wake.
    var first: Instant? { heap.first?.at }

    /// Notes a wake.
    mutating func insert(_ name: Name, at: Instant) {
        heap.append((at, name))
        var child = heap.count - 1
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the earliest wake out if it has come due.
    mutating func popDue(now: Instant) -> (at: Instant, name: Name)? {
        guard let first = heap.first, first.at <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        sink(0)
        return first
    }

    /// Keeps only the wakes that still matter.
    mutating func compact(keeping matters: (Instant, Name) -> Bool) {
        heap = heap.filter { matters($0.at, $0.name) }
        for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(parent) }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].at < heap[least].at { least = child }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

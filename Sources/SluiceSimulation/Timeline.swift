/// Virtual time: what is to happen, in order. Things of the same instant happen in the order in which they were planned.
final class Timeline {
    private struct Entry: Comparable {
        let at: Int64
        let order: UInt64
        let body: () -> Void

        static func < (left: Entry, right: Entry) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Entry, right: Entry) -> Bool { left.order == right.order }
    }

    /// True time in microseconds.
    private(set) var now: Int64 = 0
    private var heap: [Entry] = []
    private var planned: UInt64 = 0

    /// Plans `body` for an instant, at the earliest for this one.
    func plan(at instant: Int64, _ body: @escaping () -> Void) {
        planned += 1
        heap.append(Entry(at: max(instant, now), order: planned, body: body))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Plans `body` for so many microseconds from now.
    func plan(after span: Int64, _ body: @escaping () -> Void) { plan(at: now + span, body) }

    /// Lets everything happen that is planned until `end`.
    func run(until end: Int64) {
        while let first = heap.first, first.at <= end {
            let last = heap.removeLast()
            if !heap.isEmpty {
                heap[0] = last
                sink()
            }
            now = first.at
            first.body()
        }
        now = end
    }

    private func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

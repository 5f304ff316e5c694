/// First in, first out, in constant time: a ring that grows by doubling and never shrinks.
struct FIFO<Element> {
    private var ring: ContiguousArray<Element?> = ContiguousArray(repeating: nil, count: 16)
    private var head = 0
    private(set) var count = 0

    /// Whether there is nothing in it.
    var isEmpty: Bool { count == 0 }

    /// The oldest.
    var first: Element? { count == 0 ? nil : ring[head] }

    /// Adds the newest.
    mutating func append(_ element: Element) {
        if count == ring.count { grow() }
        ring[(head &+ count) & (ring.count &- 1)] = element
        count &+= 1
    }

    /// Takes the oldest.
    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer {
            head = (head &+ 1) & (ring.count &- 1)
            count &-= 1
        }
        return ring[head].take()
    }

    private mutating func grow() {
        var larger = ContiguousArray<Element?>(repeating: nil, count: ring.count * 2)
        for index in 0..<count { larger[index] = ring[(head + index) & (ring.count - 1)].take() }
        ring = larger
        head = 0
    }
}

/// Two FIFOs and a frequency sketch: what stays in a cache and what goes, without the entries themselves.
///
/// From S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: “FIFO queues are all you need for cache eviction”, SOSP 2023): a small and a main
/// FIFO; a hit writes one small counter and moves nothing; what was used since it was last looked at gets another round.
/// From W-TinyLFU (Einziger, Friedman, Manes 2017): what comes to the end of the small FIFO, here the window, enters the main
/// one only when a ``FrequencySketch`` has seen it more often than what would have to go for it. So a loop that is longer than
/// the cache, or a scan, changes little in main; S3-FIFO alone lets such keys in by their ghosts.
///
/// Uses go to the sketch only when an entry is looked at, so that a hit does not touch it.
struct EvictionQueues: Sendable {
    /// Which FIFO an entry is in.
    enum Place: UInt8, Sendable { case none, window, main }

    private struct Node {
        var hash: UInt64
        var weight: Int
        /// Neighbours in the FIFO; -1 at its ends. In an unused node, `newer` is the next unused one.
        var newer: Int32
        var older: Int32
        var place: Place
    }

    /// What a FIFO holds.
    struct Queue: Sendable, Hashable {
        fileprivate var newest: Int32 = -1
        fileprivate var oldest: Int32 = -1
        /// The sum of its entries' weights.
        fileprivate(set) var weight = 0
        /// How many entries it has.
        fileprivate(set) var count = 0
    }

    private static let usesLimit: UInt8 = 3
    /// How many entries one eviction gives another round at most, so that no caller pays for all.
    private static let roundLimit = 64

    /// The weight that is to be kept to. After it is lowered, ask for ``victim()``.
    var capacity: Int
    /// The part of the capacity that is the window's.
    var windowShare: Double
    private(set) var window = Queue()
    private(set) var main = Queue()
    private var nodes: ContiguousArray<Node> = []
    /// Beside the nodes, a byte for each: a hit touches nothing else, and so many lie together that they stay in the processor's caches.
    private var uses: ContiguousArray<UInt8> = []
    private var unused: Int32 = -1
    private(set) var sketch = FrequencySketch(capacity: 8)

    /// - Parameters:
    ///   - capacity: the weight that is to be kept to.
    ///   - windowShare: the part of it that is the window's, above 0 and below 1.
    init(capacity: Int, windowShare: Double) {
        self.capacity = capacity
        self.windowShare = windowShare
    }

    /// How many entries there are.
    var count: Int { window.count + main.count }
    /// The sum of their weights.
    var weight: Int { window.weight + main.weight }

    private var windowCapacity: Int { max(1, Int(Double(capacity) * windowShare)) }

    /// Which FIFO a slot's entry is in.
    func place(of slot: Int) -> Place { nodes.indices.contains(slot) ? nodes[slot].place : .none }

    /// The slots in a FIFO, the oldest first.
    func slots(in place: Place) -> [Int] {
        var slots: [Int] = []
        var next = place == .window ? window.oldest : main.oldest
        while next >= 0 {
            slots.append(Int(next))
            next = nodes[Int(next)].newer
        }
        return slots
    }

    /// The hash of a slot's entry.
    func hash(of slot: Int) -> UInt64 { nodes[slot].hash }

    /// The weight of a slot's entry.
    func weight(of slot: Int) -> Int { nodes[slot].weight }

    // MARK: Events

    /// A slot's entry was asked for.
    @inline(__always) mutating func touch(_ slot: Int) {
        if uses[slot] < Self.usesLimit { uses[slot] += 1 }
    }

    /// A new entry, which was asked for. Ask for ``victim()`` afterwards.
    /// - Returns: its slot, which no other entry has: the lowest free number or the next.
    mutating func insert(_ hash: UInt64, weight: Int) -> Int {
        sketch.note(hash)
        let node = Node(hash: hash, weight: weight, newer: -1, older: -1, place: .none)
        let slot: Int
        if unused >= 0 {
            slot = Int(unused)
            unused = nodes[slot].newer
            nodes[slot] = node
            uses[slot] = 0
        } else {
            slot = nodes.count
            nodes.append(node)
            uses.append(0)
            sketch.grow(to: nodes.count)
        }
        push(slot, to: .window)
        return slot
    }

    /// An entry weighs something else now. Ask for ``victim()`` afterwards.
    mutating func reweigh(_ slot: Int, to weight: Int) {
        let difference = weight - nodes[slot].weight
        nodes[slot].weight = weight
        if nodes[slot].place == .window { window.weight += difference } else { main.weight += difference }
    }

    /// A slot's entry is gone; the slot is free.
    mutating func remove(_ slot: Int) {
        unlink(slot)
        nodes[slot].place = .none
        nodes[slot].newer = unused
        unused = Int32(slot)
    }

    /// The slot of an entry that has to go, nil when all is within the capacity. It is removed already; ask until there is none.
    mutating func victim() -> Int? {
        guard weight > capacity else { return nil }
        let slot = choose()
        remove(slot)
        return slot
    }

    // MARK: Choice

    private mutating func choose() -> Int {
        let mainCapacity = capacity - windowCapacity
        while window.weight > windowCapacity || main.count == 0 {
            let candidate = unusedOldest(of: .window)
            let weight = nodes[candidate].weight
            if main.weight + weight <= mainCapacity {
                move(candidate, to: .main)
                continue
            }
            guard main.count > 0 else { return candidate }
            let incumbent = unusedOldest(of: .main)
            guard sketch.estimate(nodes[candidate].hash) > sketch.estimate(nodes[incumbent].hash) else { return candidate }
            // A heavy candidate has to win against all that would go for it: it stays where it is until then.
            if main.weight - nodes[incumbent].weight + weight <= mainCapacity { move(candidate, to: .main) }
            return incumbent
        }
        return unusedOldest(of: .main)
    }

    /// The oldest of a FIFO that has entries, after those that were used have got another round.
    private mutating func unusedOldest(of place: Place) -> Int {
        for _ in 0..<Self.roundLimit {
            let slot = Int(place == .window ? window.oldest : main.oldest)
            guard uses[slot] > 0 else { return slot }
            sketch.note(nodes[slot].hash, times: Int(uses[slot]))
            uses[slot] = 0
            move(slot, to: place)
        }
        return Int(place == .window ? window.oldest : main.oldest)
    }

    // MARK: Links

    private mutating func move(_ slot: Int, to place: Place) {
        unlink(slot)
        push(slot, to: place)
    }

    private mutating func push(_ slot: Int, to place: Place) {
        nodes[slot].place = place
        if place == .window { Self.push(slot, to: &window, &nodes) } else { Self.push(slot, to: &main, &nodes) }
    }

    private static func push(_ slot: Int, to queue: inout Queue, _ nodes: inout ContiguousArray<Node>) {
        nodes[slot].older = queue.newest
        nodes[slot].newer = -1
        if queue.newest >= 0 { nodes[Int(queue.newest)].newer = Int32(slot) } else { queue.oldest = Int32(slot) }
        queue.newest = Int32(slot)
        queue.weight += nodes[slot].weight
        queue.count += 1
    }

    private mutating func unlink(_ slot: Int) {
        if nodes[slot].place == .window { Self.unlink(slot, from: &window, &nodes) } else { Self.unlink(slot, from: &main, &nodes) }
    }

    private static func unlink(_ slot: Int, from queue: inout Queue, _ nodes: inout ContiguousArray<Node>) {
        let (newer, older) = (nodes[slot].newer, nodes[slot].older)
        if newer >= 0 { nodes[Int(newer)].older = older } else { queue.newest = older }
        if older >= 0 { nodes[Int(older)].newer = newer } else { queue.oldest = newer }
        queue.weight -= nodes[slot].weight
        queue.count -= 1
    }
}

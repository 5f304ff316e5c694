/// A small cache without values: queues, and an index by hash. It tells which requests would have been hits.
struct ShadowCache: Sendable {
    private var queues: EvictionQueues
    private var index = SlotIndex()
    private let entryLimit: Int

    /// - Parameters:
    ///   - capacity: the sum of weights that it keeps to.
    ///   - windowShare: the window's part of it.
    ///   - entryLimit: how many entries it has at most, so that its memory is bounded whatever they weigh.
    init(capacity: Int, windowShare: Double, entryLimit: Int) {
        queues = EvictionQueues(capacity: capacity, windowShare: windowShare)
        self.entryLimit = entryLimit
    }

    /// A request; whether it is a hit. A miss is taken in.
    mutating func request(_ hash: UInt64, weight: Int) -> Bool {
        if let slot = index.find(hash, isMatch: { queues.hash(of: $0) == hash }) {
            queues.touch(slot)
            return true
        }
        guard weight <= queues.capacity, queues.count < entryLimit else { return false }
        let slot = queues.insert(hash, weight: weight)
        _ = index.insert(hash, at: slot, hashOf: { queues.hash(of: $0) })
        makeRoom()
        return false
    }

    /// Goes on with a smaller capacity and only with the keys that are wanted; what it knows of them stays.
    mutating func thin(toCapacity capacity: Int, keeping isWanted: (UInt64) -> Bool) {
        for slot in queues.slots(in: .window) + queues.slots(in: .main) where !isWanted(queues.hash(of: slot)) {
            queues.remove(slot)
            forget(slot)
        }
        queues.capacity = capacity
        makeRoom()
    }

    private mutating func makeRoom() {
        while let victim = queues.victim() { forget(victim) }
    }

    private mutating func forget(_ slot: Int) { index.remove(queues.hash(of: slot), at: slot) { queues.hash(of: $0) } }
}

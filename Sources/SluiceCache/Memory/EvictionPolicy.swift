/// What a cache keeps and what it lets go: ``EvictionQueues`` with a window that ``WindowTuner`` sizes.
///
/// A pure value: requests in, victims out; no entries, bytes, threads or clock. The memory tier's shards use it as it is, and so
/// does ``TraceReplay``, which measures it.
struct EvictionPolicy: Sendable {
    /// How many entries each of the tuner's shadows mirrors at most.
    static let sampleLimit = 256
    /// Bytes that the tuner takes at most, whatever the policy holds.
    static let tunerBytes = sampleLimit * WindowTuner.bytesPerSample

    private(set) var queues: EvictionQueues
    private var tuner: WindowTuner

    /// - Parameters:
    ///   - capacity: the sum of weights that is kept to.
    ///   - isTuned: whether the window is sized by what the requests show; else it keeps its first size.
    init(capacity: Int, isTuned: Bool) {
        tuner = WindowTuner(capacity: capacity, sampleLimit: isTuned ? Self.sampleLimit : 0)
        queues = EvictionQueues(capacity: capacity, windowShare: tuner.share)
    }

    /// How many entries there are.
    var count: Int { queues.count }
    /// The sum of their weights.
    var weight: Int { queues.weight }

    /// A slot's entry, which has this hash, was asked for.
    @inline(__always) mutating func touch(_ slot: Int, hash: UInt64) {
        queues.touch(slot)
        if tuner.samples(hash) { tune(hash, weight: queues.weight(of: slot)) }
    }

    /// A new entry, which was asked for. Ask for ``victim()`` afterwards.
    /// - Returns: its slot: a number below the largest count so far.
    mutating func insert(_ hash: UInt64, weight: Int) -> Int {
        tuner.adapt(toCount: queues.count)
        if tuner.samples(hash) { tune(hash, weight: weight) }
        return queues.insert(hash, weight: weight)
    }

    /// An entry weighs something else now. Ask for ``victim()`` afterwards.
    mutating func reweigh(_ slot: Int, to weight: Int) { queues.reweigh(slot, to: weight) }

    /// A slot's entry is gone; the slot is free.
    mutating func remove(_ slot: Int) { queues.remove(slot) }

    /// The slot of an entry that has to go, which is free then; nil when all is within the capacity. Ask until there is none.
    mutating func victim() -> Int? { queues.victim() }

    @inline(never) private mutating func tune(_ hash: UInt64, weight: Int) {
        if tuner.request(hash, weight: weight) { queues.windowShare = tuner.share }
    }
}

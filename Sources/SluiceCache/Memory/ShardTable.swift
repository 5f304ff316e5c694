import Synchronization

/// Shards in one piece of memory, each behind a lock of its own. Threads that want different shards write to no common cache line: no
/// reference is counted to get at a shard, and none shares a line with its neighbours.
final class ShardTable: @unchecked Sendable {
    // Unchecked, since a pointer is not known to be sendable: what it points to is, and is there as long as this is.
    private let memory: UnsafeMutableRawPointer
    /// How many there are: a power of two.
    let count: Int

    /// Two lines, since processors fetch them in pairs.
    private static let alignment = 128
    private static let stride = (MemoryLayout<Mutex<MemoryShard>>.size + alignment - 1) / alignment * alignment

    init(count: Int, _ make: () -> MemoryShard) {
        precondition(count > 0 && count & (count - 1) == 0)
        self.count = count
        memory = .allocate(byteCount: Self.stride * count, alignment: Self.alignment)
        for index in 0..<count { (memory + index * Self.stride).initializeMemory(as: Mutex<MemoryShard>.self, to: Mutex(make())) }
    }

    deinit {
        for index in 0..<count { pointer(index).deinitialize(count: 1) }
        memory.deallocate()
    }

    @inline(__always) private func pointer(_ index: Int) -> UnsafeMutablePointer<Mutex<MemoryShard>> {
        (memory + index * Self.stride).assumingMemoryBound(to: Mutex<MemoryShard>.self)
    }

    /// Does something with the shard that keys of this hash are in, while nobody else does.
    @inline(__always) func withShard<Result>(of hash: UInt64, _ body: (inout sending MemoryShard) -> sending Result) -> sending Result {
        defer { extendLifetime(self) }
        return pointer(Int(truncatingIfNeeded: hash >> 24) & (count - 1)).pointee.withLock(body)
    }

    /// Does something with each shard, one after the other.
    func forEach(_ body: (inout MemoryShard) -> Void) {
        defer { extendLifetime(self) }
        for index in 0..<count { pointer(index).pointee.withLock { body(&$0) } }
    }
}

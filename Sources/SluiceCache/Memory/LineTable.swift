/// Elements in one piece of memory, each in a line of the processor's cache of its own: to find what one holds is to wait for memory once.
///
/// It grows by doubling, and never shrinks. Whoever has it guards it: `pointer` lets anybody change what is there.
struct LineTable<Element: Sendable>: ~Copyable, @unchecked Sendable {
    // Unchecked, since a pointer is not known to be sendable; it is used behind the lock of the shard that the table belongs to.
    private var memory: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int

    /// Bytes of an element.
    static var stride: Int { 64 }

    init() {
        precondition(MemoryLayout<Element>.size <= Self.stride && MemoryLayout<Element>.alignment <= Self.stride)
        capacity = 16
        memory = .allocate(byteCount: Self.stride * capacity, alignment: Self.stride)
    }

    deinit {
        for index in 0..<count { pointer(index).deinitialize(count: 1) }
        memory.deallocate()
    }

    /// What is there; valid until the table grows.
    @inline(__always) func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
        (memory + index * Self.stride).assumingMemoryBound(to: Element.self)
    }

    mutating func append(_ element: Element) {
        if count == capacity { grow() }
        (memory + count * Self.stride).initializeMemory(as: Element.self, to: element)
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutableRawPointer.allocate(byteCount: Self.stride * capacity * 2, alignment: Self.stride)
        for index in 0..<count {
            (larger + index * Self.stride).moveInitializeMemory(as: Element.self, from: pointer(index), count: 1)
        }
        memory.deallocate()
        (memory, capacity) = (larger, capacity * 2)
    }
}

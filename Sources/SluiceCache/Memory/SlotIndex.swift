/// Where the slot of a hash is: open addressing with linear probing, half full at most.
///
/// Each cell holds the upper half of the hash beside the slot's number, so that a probe touches a slot only when it is almost
/// certainly the right one. The hash is the key's own, seeded for each process.
struct SlotIndex: Sendable {
    private var cells: ContiguousArray<UInt64> = .init(repeating: 0, count: 16)
    private var count = 0

    /// How many cells there are: a power of two.
    var capacity: Int { cells.count }

    private static func cell(_ hash: UInt64, _ slot: Int) -> UInt64 { hash & 0xFFFF_FFFF_0000_0000 | UInt64(slot + 1) }

    private static func slot(_ cell: UInt64) -> Int { Int(cell & 0xFFFF_FFFF) - 1 }

    /// The slot with this hash for which `isMatch` holds.
    @inline(__always) func find(_ hash: UInt64, isMatch: (Int) -> Bool) -> Int? {
        let mask = cells.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while cells[place] != 0 {
            if (cells[place] ^ hash) >> 32 == 0 {
                let slot = Self.slot(cells[place])
                if isMatch(slot) { return slot }
            }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Adds a slot that is not in the index; whether the index had to grow.
    mutating func insert(_ hash: UInt64, at slot: Int, hashOf: (Int) -> UInt64) -> Bool {
        let mustGrow = (count + 1) * 2 > cells.count
        if mustGrow {
            let old = cells
            cells = .init(repeating: 0, count: old.count * 2)
            for cell in old where cell != 0 { put(cell, hashOf(Self.slot(cell))) }
        }
        put(Self.cell(hash, slot), hash)
        count += 1
        return mustGrow
    }

    private mutating func put(_ cell: UInt64, _ hash: UInt64) {
        let mask = cells.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while cells[place] != 0 { place = (place + 1) & mask }
        cells[place] = cell
    }

    /// Takes a slot out, and moves those after it back to where a probe finds them.
    mutating func remove(_ hash: UInt64, at slot: Int, hashOf: (Int) -> UInt64) {
        let mask = cells.count - 1
        var hole = Int(truncatingIfNeeded: hash) & mask
        while cells[hole] != 0 && Self.slot(cells[hole]) != slot { hole = (hole + 1) & mask }
        guard cells[hole] != 0 else { return }
        count -= 1
        var next = (hole + 1) & mask
        while cells[next] != 0 {
            let home = Int(truncatingIfNeeded: hashOf(Self.slot(cells[next]))) & mask
            // It may move back into the hole unless its home lies between the two.
            if (next - home) & mask >= (next - hole) & mask {
                cells[hole] = cells[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        cells[hole] = 0
    }
}

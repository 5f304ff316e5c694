/// Which keys left the small FIFO lately: S3-FIFO's ghost queue as a table of fingerprints with times.
///
/// A collision forgets the older ghost, which costs that key one more round in the small FIFO and nothing else.
struct GhostTable: Sendable {
    private var cells: ContiguousArray<UInt64> = .init(repeating: 0, count: 16)
    private var clock: UInt32 = 0

    /// Makes room for as many ghosts as there are cells in the index; earlier ones are forgotten.
    mutating func resize(to capacity: Int) { cells = .init(repeating: 0, count: capacity) }

    /// Notes that a key left.
    mutating func remember(_ hash: UInt64) {
        clock &+= 1
        cells[Int(truncatingIfNeeded: hash) & (cells.count - 1)] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(clock)
    }

    /// Whether a key is among the `span` that left last.
    func contains(_ hash: UInt64, within span: Int) -> Bool {
        let cell = cells[Int(truncatingIfNeeded: hash) & (cells.count - 1)]
        return cell != 0 && (cell ^ hash) >> 32 == 0 && Int(clock &- UInt32(truncatingIfNeeded: cell)) < max(span, 1)
    }
}

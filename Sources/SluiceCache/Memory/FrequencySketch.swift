/// How often keys were asked for lately, in 16 to 32 bytes for each key that a cache holds, whether it holds them or not.
///
/// A count-min sketch (Cormode, Muthukrishnan 2005) with counters of 4 bits, conservative update, and ageing by halving, as
/// TinyLFU uses it (Einziger, Friedman, Manes: “TinyLFU: a highly efficient cache admission policy”, ACM ToS 2017). All counters
/// of a key lie in one block of 64 bytes, so that a key costs one cache line: 4 rows of 32 counters, one of each row is the key's.
///
/// Bounds: an estimate is never below the number of times that were noted since the last halving (up to 15). It is above
/// only when all four counters of a key are shared; the sketch has 4 rows of at least 8 counters for each key that it was made
/// for, so with as many keys as that one row errs for fewer than 1 in 8 keys, and all four together rarely.
struct FrequencySketch: Sendable {
    /// The largest count.
    static let limit = 15
    private static let blockWords = 8

    private var words: ContiguousArray<UInt64>
    private var capacity: Int
    private var noted = 0

    /// - Parameter capacity: for how many keys; it takes a power of two of at least twice as many words of 8 bytes.
    init(capacity: Int) {
        self.capacity = capacity
        words = .init(repeating: 0, count: Self.wordCount(capacity))
    }

    /// Bytes that the counters take.
    var bytes: Int { words.count * 8 }

    /// After how many notes all counts are halved: 20 for each key of the capacity.
    var period: Int { max(capacity, Self.blockWords) * 20 }

    private static func wordCount(_ capacity: Int) -> Int {
        var count = blockWords * 2
        while count < capacity * 2 { count *= 2 }
        return count
    }

    /// Makes it large enough for so many keys. What is known stays known: each block is copied to all the places where its keys
    /// may be from now on.
    mutating func grow(to capacity: Int) {
        self.capacity = max(self.capacity, capacity)
        while words.count < self.capacity * 2 { words += words }
    }

    /// An upper bound of how often a key was noted since the last halving, plus half of what was known then; at most 15.
    func estimate(_ hash: UInt64) -> Int {
        let place = Place(hash, words.count)
        var least = UInt64(Self.limit)
        for row in 0..<4 { least = min(least, words[place.word(row)] >> place.shift(row) & 15) }
        return Int(least)
    }

    /// Notes that a key was asked for so many times.
    mutating func note(_ hash: UInt64, times: Int = 1) {
        let place = Place(hash, words.count)
        let wanted = UInt64(min(Self.limit, estimate(hash) + times))
        // Only what is below is raised (conservative update): the others are above because of other keys.
        for row in 0..<4 {
            let (word, shift) = (place.word(row), place.shift(row))
            let count = words[word] >> shift & 15
            if count < wanted { words[word] += (wanted - count) << shift }
        }
        noted += times
        if noted >= period { halve() }
    }

    private mutating func halve() {
        noted /= 2
        for index in words.indices { words[index] = words[index] >> 1 & 0x7777_7777_7777_7777 }
    }

    /// Where a key's counters are.
    private struct Place {
        private let base: Int
        private let bits: UInt64

        init(_ hash: UInt64, _ wordCount: Int) {
            bits = hash.mixed
            // The block comes from bits that the rows do not use; from the lowest ones, so that growing by copies finds it again.
            base = Int(truncatingIfNeeded: bits >> 20) & (wordCount / blockWords - 1) * blockWords
        }

        func word(_ row: Int) -> Int { base + row * 2 + Int(truncatingIfNeeded: bits >> UInt64(row * 5)) & 1 }

        func shift(_ row: Int) -> UInt64 { (bits >> UInt64(row * 5 + 1) & 15) * 4 }
    }
}

extension UInt64 {
    /// All bits depend on all bits: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
    var mixed: UInt64 {
        var mixed = self
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

import Glibc

/// SplitMix64 (Steele, Lea, Flood, 2014): the same seed gives the same sequence on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether something of this probability happens.
    package mutating func happens(_ probability: Double) -> Bool {
        probability > 0 && Double.random(in: 0..<1, using: &self) < probability
    }

    /// A whole number of the range.
    package mutating func pick(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }

    /// A number of the range, each order of magnitude as likely as the others.
    package mutating func scale(_ range: ClosedRange<Int64>) -> Int64 {
        let (least, most) = (log(Double(range.lowerBound)), log(Double(range.upperBound)))
        return min(max(Int64(exp(least + (most - least) * Double.random(in: 0..<1, using: &self))), range.lowerBound), range.upperBound)
    }

    /// A latency: as a rule near the lower bound, now and then up to the upper one.
    package mutating func latency(_ range: ClosedRange<Int64>) -> Int64 {
        let share = Double.random(in: 0..<1, using: &self)
        let span = Double(range.upperBound - range.lowerBound)
        return range.lowerBound + Int64(span * share * share * share * share)
    }
}

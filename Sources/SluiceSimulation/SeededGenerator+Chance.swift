import Glibc
package import SluiceRandom

/// What the simulation leaves to chance.
extension SeededGenerator {
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

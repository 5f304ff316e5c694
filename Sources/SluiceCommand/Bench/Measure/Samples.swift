/// What the rounds of a benchmark brought, one number each, in their order.
struct Samples: Sendable {
    /// One number a round; never empty.
    let values: [Double]

    /// - Parameter values: at least one.
    init(_ values: [Double]) {
        precondition(!values.isEmpty, "a figure without a round")
        self.values = values
    }

    /// The middle one; of an even number the mean of the two in the middle.
    var median: Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    var least: Double { values.min()! }
    var most: Double { values.max()! }

    /// Round by round, how many times as much as another: what slowed both down in a round is in neither.
    func ratio(to yardstick: Samples) -> Samples? {
        guard values.count == yardstick.values.count, yardstick.values.allSatisfy({ $0 > 0 }) else { return nil }
        return Samples(zip(values, yardstick.values).map { $0 / $1 })
    }
}

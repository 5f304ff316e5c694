/// A figure that was looked at again and again during a long run; a pure value.
struct SoakTrend: Sendable {
    private var values: [Double] = []

    init() {}

    mutating func add(_ value: Double) { values.append(value) }

    /// What it was towards the end: the median of the last fifth.
    var end: Double { Self.median(values.suffix(part)) }

    /// How much it had grown by then, from the fifth before which the warm-up ended. Negative: it shrank.
    var growth: Double { end - Self.median(values.prefix(part)) }

    private var part: Int { max(1, values.count / 5) }

    private static func median(_ values: some Sequence<Double>) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}

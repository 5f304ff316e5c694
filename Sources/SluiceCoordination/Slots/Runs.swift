/// Values in their order; neighbours that are equal are kept as one run, so that a million of them need no more room than one.
package struct Runs<Value: Hashable & Sendable>: Hashable, Sendable, ExpressibleByArrayLiteral {
    package struct Run: Hashable, Sendable {
        package let value: Value
        /// How often in a row, at least once.
        package internal(set) var count: Int
    }

    package private(set) var runs: [Run] = []
    /// How many values there are.
    package private(set) var count = 0

    package var isEmpty: Bool { runs.isEmpty }

    package init() {}

    package init(arrayLiteral values: Value...) { self.init(values) }

    package init(_ values: some Sequence<Value>) {
        for value in values { append(value) }
    }

    package mutating func append(_ value: Value, count: Int = 1) {
        guard count > 0 else { return }
        self.count += count
        if runs.last?.value == value {
            runs[runs.count - 1].count += count
        } else {
            runs.append(Run(value: value, count: count))
        }
    }

    package mutating func append(contentsOf other: Runs) {
        for run in other.runs { append(run.value, count: run.count) }
    }

    /// What each value becomes.
    package func map<Other>(_ transform: (Value) -> Other) -> Runs<Other> {
        var mapped = Runs<Other>()
        for run in runs { mapped.append(transform(run.value), count: run.count) }
        return mapped
    }

    /// The last values, so many at the most.
    package func suffix(_ most: Int) -> Runs {
        var surplus = max(0, count - most)
        var kept = Runs()
        for run in runs {
            let dropped = min(surplus, run.count)
            surplus -= dropped
            kept.append(run.value, count: run.count - dropped)
        }
        return kept
    }
}

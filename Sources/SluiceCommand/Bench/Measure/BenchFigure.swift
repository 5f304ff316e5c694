/// One line of a benchmark: what is measured, in which unit, beside which yardstick, and what it should reach.
struct BenchFigure: Sendable {
    /// What the ratio to the yardstick should be.
    enum Target: Sendable {
        case atLeast(Double)
        case atMost(Double)

        /// Whether a ratio reaches it; one that is printed like the bound may just miss it.
        func isReached(by value: Double) -> Bool {
            switch self {
            case .atLeast(let bound): value >= bound
            case .atMost(let bound): value <= bound
            }
        }

        /// `≥ 4.5`.
        var text: String {
            switch self {
            case .atLeast(let bound): "≥ \(Self.number(bound))"
            case .atMost(let bound): "≤ \(Self.number(bound))"
            }
        }

        var bound: Double {
            switch self {
            case .atLeast(let bound), .atMost(let bound): bound
            }
        }

        private static func number(_ value: Double) -> String {
            value >= 1_000 && value == value.rounded() ? BenchText.grouped(value) : BenchText.plain(value)
        }
    }

    /// Its name in JSON.
    var key: String
    /// Its name for people.
    var label: String
    /// Ours, or something that ours is compared with.
    var isYardstick = false
    /// The key of the figure in the same report that it is divided by; nil: none.
    var against: String?
    /// What the ratio should be, or the median itself where there is no yardstick.
    var target: Target?
}

/// Figures of one unit, which are shown together.
struct BenchPanel: Sendable {
    /// What the figures have in common.
    var title: String
    /// `requests/s`.
    var unit: String
    /// Whether less is better.
    var lessIsBetter = false
    /// How many decimal places are shown.
    var places = 0
    var figures: [BenchFigure]
}

/// What all benchmarks are told.
struct BenchSettings: Sendable {
    /// How many rounds are measured.
    var rounds = 5
    /// How long one measurement in a round takes, about.
    var seconds = 1.0
}

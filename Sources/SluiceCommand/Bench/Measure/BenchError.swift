/// A benchmark that could not measure what it is meant to.
struct BenchError: Error, Sendable, CustomStringConvertible {
    /// What happened.
    let description: String

    init(_ sentence: String) { description = sentence }
}

/// Waits between attempts that fail one after the other, with full jitter: the n-th is a random time between 0 and `minimum · 2ⁿ`, up to
/// a ceiling (M. Brooker, “Exponential Backoff and Jitter”, AWS Architecture Blog, 2015). Pure.
struct BackOff {
    /// Attempts that failed since the last success.
    private(set) var failures = 0
    private let minimum: Int64

    /// - Parameter minimum: the ceiling of the first wait, in microseconds.
    init(minimum: Int64) { self.minimum = minimum }

    /// An attempt failed. Returns how long to wait, in microseconds.
    /// - Parameters:
    ///   - maximum: where the doubling ends.
    ///   - chance: a random number in 0..<1.
    mutating func wait(upTo maximum: Int64, chance: Double) -> Int64 {
        var ceiling = minimum
        for _ in 0..<min(failures, 62) where ceiling < maximum { ceiling = min(maximum, ceiling * 2) }
        failures += 1
        return Int64(Double(ceiling) * chance)
    }

    /// An attempt succeeded.
    mutating func reset() { failures = 0 }
}

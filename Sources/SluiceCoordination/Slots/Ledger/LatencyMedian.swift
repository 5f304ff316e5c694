/// A running estimate of a median that needs one number: each sample moves it by a sixteenth towards itself, never past it. As
/// many samples pull up as down where half are above, so that is where it comes to rest, and a few outliers move it little (the
/// sign-based estimator of Robbins and Monro, 1951, with a step in proportion).
package enum LatencyMedian {
    static let bounds: ClosedRange<Int64> = 1...86_400_000_000

    /// - Parameters:
    ///   - known: the estimate in µs; 0: there is none yet.
    ///   - sample: in µs.
    package static func moved(_ known: Int64, towards sample: Int64) -> Int64 {
        let sample = min(max(sample, bounds.lowerBound), bounds.upperBound)
        guard known > 0 else { return sample }
        let step = max(1, known / 16)
        return sample > known ? min(sample, known + step) : max(sample, known - step)
    }
}

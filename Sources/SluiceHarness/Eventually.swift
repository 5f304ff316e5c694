/// Looks until it is so, for what can only be seen by looking. It sleeps between two looks, since what is waited for needs the processor.
/// - Parameters:
///   - what: what is waited for, as a noun: it is the subject of the error's sentence.
///   - patience: far beyond what a slow machine needs, since it is spent only where something is wrong.
/// - Throws: `HarnessError` when it is not so within `patience`; `CancellationError`; what `isSo` throws.
package func eventually(
    _ what: String, patience: Duration = .seconds(120), until isSo: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + patience
    while try await !isSo() {
        guard ContinuousClock.now < end else { throw HarnessError("\(what) did not come about within \(patience)") }
        try await Task.sleep(for: .milliseconds(1))
    }
}

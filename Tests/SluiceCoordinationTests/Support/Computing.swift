import SluiceLoop
import Synchronization
import Testing

/// Runs tests that compute for seconds on two threads of their own. On the few threads of Swift's pool they would keep whoever waits for
/// a server, or measures time, from his next turn until all of them are done.
struct Computing: TestTrait, SuiteTrait, TestScoping {
    private static let threads = [EventLoop(name: "computing-1"), EventLoop(name: "computing-2")]
    private static let turn = Atomic(0)

    let isRecursive = true

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let thread = Self.threads[Self.turn.add(1, ordering: .relaxed).oldValue % Self.threads.count]
        try await withTaskExecutorPreference(thread) { try await function() }
    }
}

extension Trait where Self == Computing {
    /// Apart from those that wait and measure.
    static var computing: Computing { Computing() }
}

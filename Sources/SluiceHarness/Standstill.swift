import Foundation
import Synchronization

/// Sees the machine stand still: a thread that wants to run every 20 ms, and adds up for how long it could not. Lateness under 100 ms is
/// what a busy machine does in any case, and is not counted.
package final class Standstill: Sendable {
    private struct State {
        var total = Duration.zero
        var isOver = false
    }

    private let state = Mutex(State())

    /// For how long altogether, so far.
    package var total: Duration { state.withLock { $0.total } }

    /// Runs `body` beside such a thread.
    package static func watched<Result>(_ body: (Standstill) async throws -> Result) async rethrows -> Result {
        let standstill = Standstill()
        Thread { standstill.watch() }.start()
        defer { standstill.state.withLock { $0.isOver = true } }
        return try await body(standstill)
    }

    /// Runs `body` once more, three times at most, only where its result is not as it should be and the machine stood still meanwhile, so that
    /// this may be why.
    /// - Parameter body: told which run it is, from 0 on.
    package static func excused<Result>(
        unless isRight: (Result) -> Bool, _ body: (Int) async throws -> Result
    ) async rethrows -> Result {
        for run in 0..<3 {
            let (result, stood) = try await watched { (try await body(run), $0.total) }
            if isRight(result) || stood == .zero { return result }
            print("the machine stood still for \(stood): run \(run + 1) does not count, its result was \(result)")
        }
        return try await body(3)
    }

    private func watch() {
        let pause = Duration.milliseconds(20)
        while !state.withLock({ $0.isOver }) {
            let began = ContinuousClock.now
            Thread.sleep(forTimeInterval: 0.02)
            let late = ContinuousClock.now - began - pause
            if late >= .milliseconds(100) { state.withLock { $0.total += late } }
        }
    }
}

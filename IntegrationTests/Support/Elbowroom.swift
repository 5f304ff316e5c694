import Testing

/// How much of the machine a test takes while it runs: tests that measure time have all of it, tests that mostly wait share it.
///
/// Who asked first goes first, so that a test that wants everything is not passed over for ever.
struct Elbowroom: TestTrait, SuiteTrait, TestScoping {
    /// Tests that may run side by side.
    static let width = 4
    private static let ground = Ground()
    private let share: Int

    let isRecursive = true

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        await Self.ground.take(share)
        let result: Result<Void, any Error>
        do { result = .success(try await function()) } catch { result = .failure(error) }
        await Self.ground.giveBack(share)
        try result.get()
    }

    fileprivate init(share: Int) { self.share = share }

    private actor Ground {
        private var free = Elbowroom.width
        private var waiters: [(share: Int, continuation: CheckedContinuation<Void, Never>)] = []

        func take(_ share: Int) async {
            if waiters.isEmpty, free >= share {
                free -= share
                return
            }
            await withCheckedContinuation { waiters.append((share, $0)) }
        }

        func giveBack(_ share: Int) {
            free += share
            while let first = waiters.first, free >= first.share {
                free -= first.share
                waiters.removeFirst().continuation.resume()
            }
        }
    }
}

extension Trait where Self == Elbowroom {
    /// The machine to itself.
    static var alone: Elbowroom { Elbowroom(share: Elbowroom.width) }
    /// Beside a few others.
    static var sideBySide: Elbowroom { Elbowroom(share: 1) }
}

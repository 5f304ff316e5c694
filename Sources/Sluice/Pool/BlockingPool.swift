import Dispatch
import Synchronization

/// The pool for plain threads: each call blocks its thread until the answer is there.
///
/// Never call it from a task or an actor: it would hold one of the few threads that tasks run on.
public struct BlockingPool: Sendable {
    let pool: MirrorPool

    /// As ``MirrorPool/get(_:options:)``.
    public func get(_ path: String, options: CallOptions = CallOptions()) throws(SluiceError) -> Answer {
        try wait { () async throws(SluiceError) in try await pool.get(path, options: options) }
    }

    /// As ``MirrorPool/send(_:options:)``.
    public func send(_ request: PoolRequest, options: CallOptions = CallOptions()) throws(SluiceError) -> Answer {
        try wait { () async throws(SluiceError) in try await pool.send(request, options: options) }
    }

    private func wait(_ call: @escaping @Sendable () async throws(SluiceError) -> Answer) throws(SluiceError) -> Answer {
        let outcome = Outcome()
        Task {
            do throws(SluiceError) {
                outcome.set(.success(try await call()))
            } catch {
                outcome.set(.failure(error))
            }
        }
        return try outcome.wait().get()
    }

    private final class Outcome: Sendable {
        private let value = Mutex<Result<Answer, SluiceError>?>(nil)
        private let isSet = DispatchSemaphore(value: 0)

        func set(_ result: Result<Answer, SluiceError>) {
            value.withLock { $0 = result }
            isSet.signal()
        }

        func wait() -> Result<Answer, SluiceError> {
            isSet.wait()
            return value.withLock { $0! }
        }
    }
}

extension MirrorPool {
    /// The same pool for plain threads.
    public var blocking: BlockingPool { BlockingPool(pool: self) }
}

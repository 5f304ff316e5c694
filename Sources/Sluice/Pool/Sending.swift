import Synchronization

/// A request whose caller may lose interest: what has not left is withdrawn then; what has left goes on to its end without him, since it
/// may be carried out, and its slot is spent.
final class Sending<Value: Sendable>: Sendable {
    typealias Ending = Result<Value, SluiceError>

    private struct State {
        var work: Task<Void, Never>?
        var isOnTheWay = false
        var isDropped = false
        var ending: Ending?
        var caller: CheckedContinuation<Ending, Never>?
    }

    private let state = Mutex(State())

    /// Begins the work, which has to end by `end(_:)`.
    func begin(_ work: Task<Void, Never>) {
        let isWithdrawn = state.withLock { state in
            state.work = work
            return state.isDropped && !state.isOnTheWay
        }
        if isWithdrawn { work.cancel() }
    }

    /// The request has left, or has ended without an answer and is to be followed by another one.
    func isOnTheWay(_ isSo: Bool) {
        let unwanted = state.withLock { state in
            state.isOnTheWay = isSo
            return state.isDropped && !isSo ? state.work : nil
        }
        unwanted?.cancel()
    }

    /// This is what came of it.
    func end(_ ending: Ending) {
        let caller = state.withLock { state in
            state.ending = ending
            defer { state.caller = nil }
            return state.caller
        }
        caller?.resume(returning: ending)
    }

    /// What came of it; `.cancelled` as soon as the calling task is.
    func value() async throws(SluiceError) -> Value {
        let ending = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                let ending = state.withLock { state -> Ending? in
                    if let ending = state.ending ?? (state.isDropped ? Self.cancelled : nil) { return ending }
                    state.caller = caller
                    return nil
                }
                if let ending { caller.resume(returning: ending) }
            }
        } onCancel: {
            drop()
        }
        return try ending.get()
    }

    private func drop() {
        let (caller, unwanted) = state.withLock { state in
            state.isDropped = true
            defer { state.caller = nil }
            return (state.caller, state.isOnTheWay ? nil : state.work)
        }
        unwanted?.cancel()
        caller?.resume(returning: Self.cancelled)
    }

    private static var cancelled: Ending { .failure(SluiceError(.cancelled, "the caller's task was cancelled")) }
}

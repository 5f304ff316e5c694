import Synchronization

/// A request whose caller may lose interest: what has not left is withdrawn then; what has left goes on to its end without him, since it
/// may be carried out, and its slot is spent. Nor does he wait beyond his deadline for what is done after the answer.
final class Sending<Value: Sendable>: Sendable {
    typealias Ending = Result<Value, SluiceError>

    private struct State {
        var work: Task<Void, Never>?
        var isOnTheWay = false
        var isDropped = false
        /// What came of the request while something is still to be done about it.
        var answer: Value?
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

    /// There is an answer; what follows need not be waited for beyond the deadline.
    func answered(_ answer: Value) { state.withLock { $0.answer = answer } }

    /// The deadline has passed: the caller gets the answer if there is one, and learns that he is late otherwise.
    func expire(_ late: SluiceError) {
        let (caller, ending, unwanted) = state.withLock { state in
            let ending = state.ending ?? state.answer.map { .success($0) } ?? .failure(late)
            state.ending = ending
            state.isDropped = true
            defer { state.caller = nil }
            return (state.caller, ending, state.isOnTheWay || state.answer != nil ? nil : state.work)
        }
        unwanted?.cancel()
        caller?.resume(returning: ending)
    }

    /// This is what came of it.
    func end(_ ending: Ending) {
        let caller = state.withLock { state in
            if state.ending == nil { state.ending = ending }
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
                    if let ending = state.ending ?? (state.isDropped ? Self.cancelled(state) : nil) { return ending }
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
        let (caller, ending, unwanted) = state.withLock { state in
            state.isDropped = true
            defer { state.caller = nil }
            return (state.caller, Self.cancelled(state), state.isOnTheWay ? nil : state.work)
        }
        unwanted?.cancel()
        caller?.resume(returning: ending)
    }

    private static func cancelled(_ state: State) -> Ending {
        var error = SluiceError(.cancelled, "the caller's task was cancelled")
        if state.isOnTheWay || state.answer != nil {
            error.message += " when the request had left: it may be carried out"
            error.hasLeft = true
        }
        return .failure(error)
    }
}

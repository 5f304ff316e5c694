extension EventLoop {
    /// Waits, on this loop's own timer, until an instant has come.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func sleep(until deadline: Instant) async throws(CancellationError) {
        let sleeper = Sleeper(self)
        let wasCancelled = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                execute { sleeper.begin(until: deadline, continuation) }
            }
        } onCancel: {
            execute { sleeper.end(cancelled: true) }
        }
        if wasCancelled { throw CancellationError() }
    }
}

/// One sleep.
//
// @unchecked Sendable: touched only on the loop's thread, by closures handed to `execute`.
private final class Sleeper: @unchecked Sendable {
    private let loop: EventLoop
    private var timer: LoopTimer?
    private var continuation: CheckedContinuation<Bool, Never>?
    private var wasCancelledEarly = false

    init(_ loop: EventLoop) { self.loop = loop }

    func begin(until deadline: Instant, _ continuation: CheckedContinuation<Bool, Never>) {
        guard !wasCancelledEarly, loop.isOpen else {
            continuation.resume(returning: true)
            return
        }
        self.continuation = continuation
        timer = LoopTimer(on: loop) { [self] in end(cancelled: false) }
        timer?.schedule(at: deadline)
        loop.atStop(ObjectIdentifier(self)) { [self] in end(cancelled: true) }
    }

    func end(cancelled: Bool) {
        wasCancelledEarly = cancelled
        timer?.close()
        timer = nil
        loop.atStop(ObjectIdentifier(self), nil)
        continuation?.resume(returning: cancelled)
        continuation = nil
    }
}

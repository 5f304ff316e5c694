import SluiceLoop

/// A transfer's deadline: one of libuv's timers, used again by one transfer after the other. Confined to the loop's thread.
final class Deadline {
    private var timer: LoopTimer?
    private var id: UInt64 = 0

    /// - Parameter passed: called with the transfer whose deadline has passed.
    init(on loop: EventLoop, _ passed: @escaping (UInt64) -> Void) {
        timer = LoopTimer(on: loop) { [unowned self] in passed(self.id) }
    }

    /// Sets the deadline of a transfer.
    func set(for id: UInt64, at instant: Instant) {
        self.id = id
        timer?.schedule(at: instant)
    }

    /// Takes the deadline back.
    func cancel() { timer?.cancel() }
}

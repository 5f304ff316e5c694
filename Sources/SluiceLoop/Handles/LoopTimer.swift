internal import CSluiceLibuv

/// A one-shot timer that can be set again. Confined to the loop's thread.
///
/// It never fires before its instant, and as a rule within a millisecond after it (libuv counts in milliseconds).
/// Close it when it is no longer needed; dropping it closes it too.
package final class LoopTimer {
    private let loop: EventLoop
    private let fire: () -> Void
    private let handle: RawHandle<uv_timer_t>
    private var due = Instant.distantFuture
    private var isFiring = false

    /// - Parameter fire: called on the loop's thread each time the timer comes due.
    package init(on loop: EventLoop, _ fire: @escaping () -> Void) {
        self.loop = loop
        self.fire = fire
        handle = RawHandle(on: loop)
        uv_timer_init(loop.rawLoop, handle.pointer)
        handle.attach(self)
    }

    /// When the timer will fire, or nil when it is not set.
    package var scheduledAt: Instant? { due == .distantFuture ? nil : due }

    /// Sets the timer, in place of any earlier setting. An instant that has passed fires on the loop's next turn.
    package func schedule(at instant: Instant) {
        guard handle.isUsable else { return }
        due = instant
        guard instant != .distantFuture else {
            uv_timer_stop(handle.pointer)
            return
        }
        uv_update_time(loop.rawLoop)
        // libuv 1.44 goes on with what is due until nothing is: a timer that sets itself to “now” would hold the loop for good.
        let wait = max(isFiring ? 1 : 0, instant.microseconds(since: .now))
        uv_timer_start(
            handle.pointer, { handle in owner(of: handle!.pointee.data, as: LoopTimer.self)?.cameDue() },
            UInt64((wait + 999) / 1_000), 0)
    }

    /// Sets the timer to fire after so many microseconds.
    package func schedule(afterMicroseconds span: Int64) { schedule(at: Instant.now.advanced(byMicroseconds: span)) }

    /// Takes the setting back.
    package func cancel() { schedule(at: .distantFuture) }

    /// Ends the timer for good.
    package func close() { handle.close() }

    private func cameDue() {
        // libuv's clock stands still while the host sleeps and is cut to milliseconds: look at ours.
        if due > .now {
            schedule(at: due)
            return
        }
        due = .distantFuture
        isFiring = true
        fire()
        isFiring = false
    }
}

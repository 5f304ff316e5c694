import Dispatch
import SluiceLoop

/// Holds a loop where it is about to wait for I/O. What happens until `release()` comes to it all at once, in the order in which it
/// happened, and what it writes because of that leaves behind all of it.
final class LoopHold: Sendable {
    private let end = DispatchSemaphore(value: 0)

    /// Returns when it is held. Nothing should be under way on its sockets.
    init(_ loop: EventLoop) async {
        let end = end
        await withCheckedContinuation { held in
            loop.execute {
                // A socket that has just been read from would come before all that happens from now on; the kernel finds it quiet, and
                // forgets it, when it is next asked.
                loop.beforeWaiting {
                    loop.execute {
                        loop.beforeWaiting {
                            held.resume()
                            end.wait()
                        }
                    }
                }
            }
        }
    }

    func release() { end.signal() }
}

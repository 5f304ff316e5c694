import Glibc
import SluiceLoop
import Synchronization

/// Turns SIGINT and SIGTERM into something to wait for. After the first one both have their default action again, so that a
/// second ends the process at once.
final class Interruption: Sendable {
    /// A loop of its own, so that a signal is heard whatever the pool's loop does.
    private let loop = EventLoop(name: "signals")
    private let state = Mutex(State())

    private struct State {
        var signal: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    /// The signal watches, which live on the loop's thread alone.
    private final class Watches {
        var open: [SignalWatch] = []
    }

    /// Begins to listen; signals have lost their default action when this returns.
    init() async {
        await withCheckedContinuation { ready in
            loop.execute { [self] in
                let watches = Watches()
                watches.open = [SIGINT, SIGTERM].map { number in
                    SignalWatch(on: loop, signal: number) { [self] in
                        for watch in watches.open { watch.close() }
                        watches.open = []
                        raise(number)
                    }
                }
                ready.resume()
            }
        }
    }

    /// The signal that came; nil as long as none has.
    var signal: Int32? { state.withLock { $0.signal } }

    /// Waits for a signal.
    @discardableResult
    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.signal == nil { state.waiters.append(continuation) }
                return state.signal
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Runs `body`, and cancels it when a signal comes.
    func cancelling<Value: Sendable>(_ body: sending @escaping @isolated(any) () async -> Value) async -> Value {
        let work = Task(operation: body)
        let watcher = Task {
            await wait()
            work.cancel()
        }
        defer { watcher.cancel() }
        return await work.value
    }

    private func raise(_ number: Int32) {
        let waiters = state.withLock { state in
            state.signal = number
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: number) }
    }
}

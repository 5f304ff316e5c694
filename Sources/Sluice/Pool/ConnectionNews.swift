import Synchronization

/// Tells the operator once when the connection to Redis is lost, and once when it is back.
final class ConnectionNews: Sendable {
    private enum State {
        case connected, lost, over
    }

    private let state = Mutex(State.connected)
    private let log: @Sendable (String) -> Void

    init(log: @escaping @Sendable (String) -> Void) { self.log = log }

    func lost() {
        if change(to: .lost) { log("the connection to Redis is lost: memory answers, misses wait, nothing is sent until it is back") }
    }

    func back() {
        if change(to: .connected) { log("Redis is connected again") }
    }

    /// From now on a connection that ends is no news.
    func end() { _ = change(to: .over) }

    /// Whether that was a change.
    private func change(to new: State) -> Bool {
        state.withLock { state in
            guard state != new, state != .over else { return false }
            state = new
            return true
        }
    }
}

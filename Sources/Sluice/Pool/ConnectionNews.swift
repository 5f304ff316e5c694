import Synchronization

/// Tells the operator once when the connection to Redis is lost, and once when it is back; and when Redis takes no writes, and takes them
/// again; and when it sends no messages though it is there, and sends them again.
final class ConnectionNews: Sendable {
    private enum State {
        case connected, lost, over
    }

    private let state = Mutex(State.connected)
    private let refusal = Mutex<String?>(nil)
    private let silence = Mutex<String?>(nil)
    private let isUnreported = Mutex(false)
    private let log: @Sendable (String) -> Void

    init(log: @escaping @Sendable (String) -> Void) { self.log = log }

    func lost() {
        if change(to: .lost) { log("the connection to Redis is lost: memory answers, misses wait, nothing is sent until it is back") }
    }

    func back() {
        if change(to: .connected) { log("Redis is connected again") }
    }

    /// Why Redis takes no writes, so that no slots can be had; nil when it takes them.
    var writeRefusal: String? { refusal.withLock { $0 } }

    /// What became of something that had to be written.
    /// - Parameter reason: why Redis refused it; nil when it was written.
    func wrote(refusedSince reason: String?) {
        let before = refusal.withLock { refusal in
            defer { refusal = reason }
            return refusal
        }
        guard (before == nil) != (reason == nil), state.withLock({ $0 }) != .over else { return }
        log(reason.map { "\($0): what is stored is served, and nothing is sent until it takes them again" } ?? "Redis takes writes again")
    }

    /// Why Redis sends this process no messages though it is there, as was heard last; nil when it sends them.
    var messageRefusal: String? { silence.withLock { $0 } }

    /// What became of the subscription, as often as that changes.
    /// - Parameter reason: why Redis refuses it; nil when it is in force.
    func heard(refusedSince reason: String?) {
        silence.withLock { $0 = reason }
        guard state.withLock({ $0 }) != .over else { return }
        log(
            reason.map { "\($0): answers in memory are compared with Redis before each use, and slots are had without a leader" }
                ?? "Redis sends messages again")
    }

    /// What became of this process's figures, where all else could be written.
    /// - Parameter reason: why Redis refused them; nil when they were written.
    func reported(refusedSince reason: String?) {
        let before = isUnreported.withLock { isUnreported in
            defer { isUnreported = reason != nil }
            return isUnreported
        }
        guard let reason, !before else { return }
        log("metrics cannot be written, all else goes on; give Redis' user the rights that deploy/users.acl names (\(reason.prefix(200)))")
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

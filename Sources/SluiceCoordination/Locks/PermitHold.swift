import Synchronization

/// A permit in hand, and whether it still is. One that nobody has in hand any more gives itself back.
package final class PermitHold: Sendable {
    private struct State {
        var isLost = false
        var isGivenBack = false
        var watchers: [@Sendable () -> Void] = []
    }

    package let resource: PermitResource
    /// Grows with each permit that is given: what guards a resource refuses a token lower than one it has seen.
    package let token: Int64
    let id: UInt64
    private let state = Mutex(State())
    private let dropped: @Sendable (UInt64) -> Void

    /// - Parameter dropped: called on any thread when the last reference goes and the permit was not given back.
    init(_ resource: PermitResource, id: UInt64, token: Int64, dropped: @escaping @Sendable (UInt64) -> Void) {
        self.resource = resource
        self.id = id
        self.token = token
        self.dropped = dropped
    }

    deinit { if giveBack() { dropped(id) } }

    /// Whether the lease could not be renewed in time, so that another may soon hold the permit.
    package var isLost: Bool { state.withLock { $0.isLost } }

    /// Runs `body` once when the permit is lost, at once if it is already. It must not block.
    package func whenLost(_ body: @escaping @Sendable () -> Void) {
        let isLost = state.withLock { state in
            if !state.isLost { state.watchers.append(body) }
            return state.isLost
        }
        if isLost { body() }
    }

    /// Marks it as given back; false when it was already.
    func giveBack() -> Bool {
        state.withLock { state in
            defer { state.isGivenBack = true }
            return !state.isGivenBack
        }
    }

    func lose() {
        let watchers = state.withLock { state in
            state.isLost = true
            defer { state.watchers = [] }
            return state.watchers
        }
        for watcher in watchers { watcher() }
    }
}

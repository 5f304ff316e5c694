import Synchronization

/// How urgent a fetch is: as urgent as it is to the most urgent of those who have joined it.
package final class FetchUrgency: Sendable {
    private struct State {
        var level: Int
        var heard: (@Sendable (Int) -> Void)?
    }

    private let state: Mutex<State>

    /// What is urgent by so much: the smaller the level, the more.
    package init(_ level: Int) { state = Mutex(State(level: level)) }

    /// How urgent it is by now.
    package var level: Int { state.withLock { $0.level } }

    /// Somebody wants it to whom it is so urgent.
    package func raise(to level: Int) {
        let heard = state.withLock { state -> (@Sendable (Int) -> Void)? in
            guard level < state.level else { return nil }
            state.level = level
            return state.heard
        }
        heard?(level)
    }

    /// Who is told when it has become more urgent; nil: nobody any more.
    package func whenRaised(_ heard: (@Sendable (Int) -> Void)?) { state.withLock { $0.heard = heard } }
}

import SluiceRedis
import Synchronization

/// The events of a subscriber, one after the other, for one reader.
final class EventFeed: Sendable {
    private struct State {
        var events: [RedisSubscriber.Event] = []
        var reader: CheckedContinuation<RedisSubscriber.Event, Never>?
    }

    private let state = Mutex(State())

    func add(_ event: RedisSubscriber.Event) {
        let reader = state.withLock { state in
            if state.reader == nil { state.events.append(event) }
            return state.reader.take()
        }
        reader?.resume(returning: event)
    }

    func next() async -> RedisSubscriber.Event {
        await withCheckedContinuation { continuation in
            let event: RedisSubscriber.Event? = state.withLock { state in
                if state.events.isEmpty {
                    state.reader = continuation
                    return nil
                }
                return state.events.removeFirst()
            }
            if let event { continuation.resume(returning: event) }
        }
    }
}

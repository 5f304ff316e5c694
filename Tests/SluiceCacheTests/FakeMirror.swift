import SluiceHarness
import SluiceLoop
import Synchronization

@testable import SluiceCache

/// A mirror as the cache sees it: counts fetches, answers with the count as body, and can hold answers back or fail.
final class FakeMirror: Sendable {
    struct Failure: Error {}

    private struct State {
        var needs: [FetchNeed] = []
        var cancelled = 0
        var failures = 0
        var status = 200
        var headers: [(String, String)] = []
        var body: String?
        var isHeld: Bool
        var held: [CheckedContinuation<Void, Never>] = []
        var watchers: [(isDue: @Sendable (Int, Int) -> Bool, CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(isHeld: Bool = false) { state = Mutex(State(isHeld: isHeld)) }

    /// How many fetches have arrived.
    var count: Int { state.withLock { $0.needs.count } }
    var cancelled: Int { state.withLock { $0.cancelled } }
    var needs: [FetchNeed] { state.withLock { $0.needs } }
    var status: Int {
        get { state.withLock { $0.status } }
        set { state.withLock { $0.status = newValue } }
    }
    var headers: [(String, String)] {
        get { state.withLock { $0.headers } }
        set { state.withLock { $0.headers = newValue } }
    }
    /// What it answers instead of the count.
    var body: String? {
        get { state.withLock { $0.body } }
        set { state.withLock { $0.body = newValue } }
    }

    /// The next fetches fail.
    func fail(next count: Int) { state.withLock { $0.failures = count } }

    /// Lets held answers go, and holds none from now on.
    func release() {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    var fetch: ResponseCache.Fetch {
        { [self] need in
            let (number, isHeld) = state.withLock { state in
                state.needs.append(need)
                return (state.needs.count, state.isHeld)
            }
            notify()
            if isHeld {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let goesOn = state.withLock { state in
                            if state.isHeld { state.held.append(continuation) }
                            return !state.isHeld
                        }
                        if goesOn { continuation.resume() }
                    }
                } onCancel: {
                    state.withLock { $0.cancelled += 1 }
                    notify()
                }
            }
            let (fails, status, headers, body) = state.withLock { state in
                let fails = state.failures > 0
                if fails { state.failures -= 1 }
                return (fails, state.status, state.headers, state.body ?? String(number))
            }
            if fails { throw Failure() }
            return FetchedResponse(status: status, headers: headers, body: Array(body.utf8), mirror: "fake", receivedAt: .now)
        }
    }

    func waitForArrivals(_ count: Int) async { await wait { arrived, _ in arrived >= count } }
    func waitForCancellations(_ count: Int) async { await wait { _, cancelled in cancelled >= count } }

    private func wait(until isDue: @escaping @Sendable (Int, Int) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isNow = state.withLock { state in
                if isDue(state.needs.count, state.cancelled) { return true }
                state.watchers.append((isDue, continuation))
                return false
            }
            if isNow { continuation.resume() }
        }
    }

    private func notify() {
        let due = state.withLock { state in
            let (arrived, cancelled) = (state.needs.count, state.cancelled)
            defer { state.watchers.removeAll { $0.isDue(arrived, cancelled) } }
            return state.watchers.filter { $0.isDue(arrived, cancelled) }
        }
        for watcher in due { watcher.1.resume() }
    }
}

extension ResponseCache {
    /// Returns when so many calls wait for a key.
    func waitForCallers(_ count: Int, of key: CacheKey) async throws {
        try await eventually("caller \(count) of \(key)") { flights[key]?.callerCount ?? 0 >= count }
    }

    /// Returns when what was fetched for a key is being stored.
    func waitForFill(of key: CacheKey) async throws {
        try await eventually("what was fetched for \(key)") { flights[key]?.draft != nil }
    }
}

/// The results of so many calls at once.
func collect<Value: Sendable>(_ count: Int, _ call: @escaping @Sendable () async throws -> Value) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
        for _ in 0..<count { group.addTask { try await call() } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}

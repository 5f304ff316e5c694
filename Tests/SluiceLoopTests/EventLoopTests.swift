import SluiceLoop
import Synchronization
import Testing

/// An actor that lives on a loop.
actor Counter {
    let loop: EventLoop
    private(set) var value = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(loop: EventLoop) { self.loop = loop }

    func increment() -> Bool {
        value += 1
        return loop.isCurrent
    }

    func fire(after span: Int64, _ fired: @escaping @Sendable (Instant) -> Void) {
        let timer = LoopTimer(on: loop) { [loop] in
            self.assumeIsolated { $0.value += 1 }
            fired(.now)
            _ = loop
        }
        timer.schedule(afterMicroseconds: span)
        timers.append(timer)
    }
    private var timers: [LoopTimer] = []

    /// A timer that is always due.
    func spin() {
        timers.append(LoopTimer(on: loop) { self.assumeIsolated { $0.respin() } })
        respin()
    }

    private func respin() {
        value += 1
        timers[0].schedule(at: .now)
    }

    /// Waits to be resumed as `resume` says, then notes it; what is asked for after the resumption is noted too.
    func wait(_ order: Order, _ resume: @escaping @Sendable (CheckedContinuation<Void, Never>) -> Void) async {
        await order.wait(on: loop, resume)
    }

    func onNextWait(_ body: @escaping @Sendable () -> Void) { loop.beforeWaiting(body) }
}

/// What happened, in order.
final class Order: Sendable {
    private let events = Mutex<[String]>([])

    func note(_ event: String) { events.withLock { $0.append(event) } }

    /// What happened until all that the loop has been asked for is done.
    func all(on loop: EventLoop) async -> [String] {
        await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
        return events.withLock { $0 }
    }

    /// Waits where it is called; the loop resumes it, and is asked for something else right behind it.
    func wait(on loop: EventLoop, _ resume: @escaping @Sendable (CheckedContinuation<Void, Never>) -> Void) async {
        await withCheckedContinuation { continuation in
            loop.execute {
                resume(continuation)
                loop.execute { self.note("next") }
            }
        }
        note("task")
    }
}

@Suite(.timeLimit(.minutes(10))) struct EventLoopTests {
    @Test func `a task that waits in an actor goes on before what came after its resumption`() async {
        let loop = EventLoop(name: "test")
        let order = Order()
        let counter = Counter(loop: loop)
        await Task(executorPreference: loop) { await counter.wait(order) { $0.resume() } }.value
        #expect(await order.all(on: loop) == ["task", "next"])
        await loop.shutDown()
    }

    @Test func `a task that waits outside of actors does so too, when its resumption says so`() async {
        let loop = EventLoop(name: "test")
        let order = Order()
        await Task(executorPreference: loop) {
            await order.wait(on: loop) { continuation in loop.resumingOutsideActors { continuation.resume() } }
        }.value
        #expect(await order.all(on: loop) == ["task", "next"])
        await loop.shutDown()
    }

    @Test func `a resumption that is wrong about its task's actor costs a turn, and nothing else`() async {
        let loop = EventLoop(name: "test")
        let order = Order()
        let counter = Counter(loop: loop)
        await Task(executorPreference: loop) {
            await counter.wait(order) { continuation in loop.resumingOutsideActors { continuation.resume() } }
        }.value
        #expect(await order.all(on: loop) == ["next", "task"])
        await loop.shutDown()
    }

    @Test func `an actor's calls run on the loop's thread, in any number, from any task`() async {
        let loop = EventLoop(name: "test")
        let counter = Counter(loop: loop)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<5_000 { group.addTask { await counter.increment() } }
            for await onLoop in group { #expect(onLoop) }
        }
        #expect(await counter.value == 5_000)
        await loop.shutDown()
    }

    @Test func `a timer never fires early, and its callback is isolated to the actors of the loop`() async {
        let loop = EventLoop(name: "test")
        let counter = Counter(loop: loop)
        let asked = Instant.now
        let fired = await withCheckedContinuation { continuation in
            Task { await counter.fire(after: 20_300) { continuation.resume(returning: $0) } }
        }
        #expect(fired.microseconds(since: asked) >= 20_300)
        #expect(await counter.value == 1)
        await loop.shutDown()
    }

    @Test func `a timer that sets itself to now leaves the loop to others`() async {
        let loop = EventLoop(name: "test")
        let counter = Counter(loop: loop)
        await counter.spin()
        while await counter.value < 20 { await Task.yield() }
        await loop.shutDown()
    }

    @Test func `what is asked for before the loop waits runs without any further event`() async {
        let loop = EventLoop(name: "test")
        let counter = Counter(loop: loop)
        await withCheckedContinuation { continuation in
            Task { await counter.onNextWait { continuation.resume() } }
        }
        await loop.shutDown()
    }

    @Test func `a sleep ends on time, by cancellation, or by the loop's end, and never hangs`() async throws {
        let loop = EventLoop(name: "test")
        let started = Instant.now
        try await loop.sleep(until: started.advanced(byMicroseconds: 5_000))
        #expect(Instant.now.microseconds(since: started) >= 5_000)

        let cancelled = Task { try await loop.sleep(until: .distantFuture) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }

        let orphan = Task { try await loop.sleep(until: Instant.now.advanced(byMicroseconds: 3_600_000_000)) }
        await loop.shutDown()
        await #expect(throws: CancellationError.self) { try await orphan.value }
    }

    @Test func `work that arrives after the end still runs, one at a time`() async {
        let loop = EventLoop(name: "test")
        let counter = Counter(loop: loop)
        await loop.shutDown()
        await loop.shutDown()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { _ = await counter.increment() } }
        }
        #expect(await counter.value == 200)
    }

    @Test func `a literal address needs no resolver, localhost resolves, and a name that cannot exist is a typed error`() async throws {
        let loop = EventLoop(name: "test")
        #expect(try await NameLookup.addresses(of: "127.0.0.1", port: 80, on: loop).map(\.description) == ["127.0.0.1:80"])
        #expect(try await NameLookup.addresses(of: "::1", port: 80, on: loop).map(\.description) == ["[::1]:80"])
        #expect(try await NameLookup.addresses(of: "localhost", port: 7, on: loop).allSatisfy { $0.port == 7 })
        await #expect(throws: LoopError.self) { try await NameLookup.addresses(of: "does-not-exist.invalid", port: 80, on: loop) }
        // Whoever asks the same at once gets the same addresses, with his own port.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for port in UInt16(1)...50 {
                group.addTask {
                    let found = try await NameLookup.addresses(of: "localhost", port: port, on: loop)
                    #expect(!found.isEmpty && found.allSatisfy { $0.port == port })
                }
            }
            try await group.waitForAll()
        }
        await loop.shutDown()
        let error = await #expect(throws: LoopError.self) { try await NameLookup.addresses(of: "localhost", port: 80, on: loop) }
        #expect(error?.code == "ECANCELED")
    }
}

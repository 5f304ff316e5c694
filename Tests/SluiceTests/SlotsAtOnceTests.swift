import Foundation
import Sluice
import SluiceHTTP
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Synchronization
import Testing

/// `withSlot` where slots are held ahead: they are taken on the caller's own thread.
@Suite(.timeLimit(.minutes(10))) struct SlotsAtOnceTests {
    /// A pool without Redis that has been called a hundred times a second for some seconds.
    private func steadyPool(_ judges: Judges) async throws -> MirrorPool {
        let pool = try await MirrorPool(judges.configuration())
        try await callOften(pool, for: .seconds(3))
        return pool
    }

    private func callOften(_ pool: MirrorPool, for span: Duration) async throws {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < span {
            try await pool.withSlot { _ in }
            try await Task.sleep(for: .milliseconds(8))
        }
    }

    @Test func `who calls again and again need not wait for the pool's thread`() async throws {
        let judges = try await Judges(1, limit: .init(100_000, per: .seconds(1)))
        let pool = try await steadyPool(judges)
        var atOnce = 0
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(8))
            let (isBlocked, isDone) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            // The pool's thread does nothing until the slot was had, or for half a second.
            let wasHad = Task(executorPreference: pool.executor) {
                isBlocked.signal()
                return Self.wait(isDone, milliseconds: 500)
            }
            #expect(await Task.detached { Self.wait(isBlocked, milliseconds: 20_000) }.value)
            try await pool.withSlot { _ in }
            isDone.signal()
            if await wasHad.value { atOnce += 1 } else { try await callOften(pool, for: .seconds(1)) }
        }
        // Now and then the pool's thread has just taken everything off the shelf.
        #expect(atOnce >= 15)
        await pool.shutDown()
        await judges.shutDown()
    }

    private static func wait(_ semaphore: DispatchSemaphore, milliseconds: Int) -> Bool {
        semaphore.wait(timeout: .now() + .milliseconds(milliseconds)) == .success
    }

    @Test func `a pool that ends waits for bodies that hold such a slot, and gives no more of them`() async throws {
        let judges = try await Judges(1, limit: .init(100_000, per: .seconds(1)))
        let pool = try await steadyPool(judges)
        let isInside = AsyncStream<Void>.makeStream()
        let mayEnd = AsyncStream<Void>.makeStream()
        let isOver = Atomic(false)
        async let call: Void = pool.withSlot { _ in
            isInside.continuation.yield()
            for await _ in mayEnd.stream { break }
            isOver.store(true, ordering: .sequentiallyConsistent)
        }
        for await _ in isInside.stream { break }
        let start = ContinuousClock.now
        async let end: Void = pool.shutDown(grace: .seconds(60))
        await #expect {
            while true {
                try await pool.withSlot { _ in }
                try await Task.sleep(for: .milliseconds(10))
            }
        } throws: { ($0 as? SluiceError)?.code == .shutDown }
        mayEnd.continuation.yield()
        await end
        let hasEnded = isOver.load(ordering: .sequentiallyConsistent)
        #expect(hasEnded)
        #expect(ContinuousClock.now - start < .seconds(40), "as soon as the last has ended")
        try await call
        await judges.shutDown()
    }

    @Test func `a task that was cancelled gets no slot, though some are held ahead`() async throws {
        let judges = try await Judges(1, limit: .init(100_000, per: .seconds(1)))
        let pool = try await steadyPool(judges)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await pool.withSlot { _ in }
        }
        task.cancel()
        await #expect { try await task.value } throws: { ($0 as? SluiceError)?.code == .cancelled }
        await pool.shutDown()
        await judges.shutDown()
    }

    /// How many slots were had in calm and in flood.
    private final class Weather: Sendable {
        private let counts = Mutex((calm: 0, flood: 0))
        var hadBoth: Bool { counts.withLock { $0.calm > 50 && $0.flood > 50 } }
        func count(_ isCalm: Bool) { counts.withLock { if isCalm { $0.calm += 1 } else { $0.flood += 1 } } }
    }

    @Test func `when a calm load becomes a flood, what was held ahead is in the mirror's count: it refuses nothing`() async throws {
        let judges = try await Judges(2, limit: .init(600, per: .milliseconds(500)))
        let redis = try await RedisServer()
        let pools = [
            try await MirrorPool(judges.configuration(redis: redis.url)), try await MirrorPool(judges.configuration(redis: redis.url)),
        ]
        let loop = EventLoop(name: "callers")
        let client = try HTTPClient(loop: loop)
        let start = ContinuousClock.now
        let weather = Weather()
        let answered = try await withThrowingTaskGroup(of: Int.self) { group in
            for pool in pools {
                for _ in 0..<16 {
                    group.addTask {
                        var count = 0
                        // Some seconds, and until there was something of both, also on a machine that stands still.
                        while ContinuousClock.now - start < (weather.hadBoth ? .milliseconds(7_500) : .seconds(60)) {
                            try await pool.withSlot { mirror in
                                let response = try await client.send(
                                    HTTPRequest(url: "\(mirror.url)/posts/1"), timeout: .seconds(60)
                                ) { true }
                                count += response.status == 200 ? 1 : 0
                            }
                            // Two and a half seconds of calm, by turns with as much as there is.
                            let isCalm = Int((ContinuousClock.now - start) / .milliseconds(1_250)) % 3 < 2
                            weather.count(isCalm)
                            if isCalm { try await Task.sleep(for: .milliseconds(200)) }
                        }
                        return count
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(await judges.violations == 0)
        #expect(await judges.requests == answered, "nobody was refused")
        // Calm brings 160 a second, the limits allow 2,400, and a slow machine has a part of either.
        #expect(weather.hadBoth)
        for pool in pools { await pool.shutDown() }
        await client.shutDown()
        await loop.shutDown()
        await judges.shutDown()
        await redis.stop()
    }
}

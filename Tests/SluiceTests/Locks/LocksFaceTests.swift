import Glibc
import Sluice
import SluiceHarness
import SluiceLoop
import Synchronization
import Testing

/// Sees from outside who is inside: a file that only one can create at a time.
private struct DoorFile: Sendable {
    let path: String

    func enter() -> Bool {
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    func leave() { unlink(path) }
}

private final class Trace: Sendable {
    private let state = Mutex<[Int64]>([])
    func add(_ entry: Int64) { state.withLock { $0.append(entry) } }
    var entries: [Int64] { state.withLock { $0 } }
}

private func configuration(_ redis: RedisServer?) -> PoolConfiguration {
    var configuration = PoolConfiguration(mirrors: [
        MirrorConfiguration(url: "http://127.0.0.1:9", limits: [.init(1, per: .seconds(1))])
    ])
    configuration.redis = redis?.url
    return configuration
}

/// The thread that asks.
private func thread() -> UInt { UInt(pthread_self()) }

@Suite(.timeLimit(.minutes(10))) struct `A pool's locks` {
    @Test func `a task that prefers the pool's executor is on one thread from call to call, to the pool's end`() async throws {
        let redis = try await RedisServer()
        let pool = try await MirrorPool(configuration(redis))
        let lock = try pool.lock("near")
        let threads = try await Task(executorPreference: pool.executor) {
            var threads: Set<UInt> = [thread()]
            for _ in 0..<20 {
                let permit = try await lock.acquire()
                threads.insert(thread())
                try await permit.release()
                threads.insert(thread())
            }
            await pool.shutDown()
            return threads
        }.value
        #expect(threads.count == 1)
        await #expect(throws: SluiceError.self) { try await lock.acquire() }
    }

    @Test func `a lock that Redis refuses is told at once, with Redis' own words`() async throws {
        let redis = try await RedisServer()
        let pool = try await MirrorPool(configuration(redis))
        try await redis.cli("SET", "sluice:{default}:lock:taken", "somebody's text")
        // Whoever waits for it until the deadline is told otherwise.
        let error = await #expect(throws: SluiceError.self) { try await pool.lock("taken").acquire(deadline: .seconds(60)) }
        #expect(error?.code == .coordinatorUnavailable)
        #expect(error?.message.contains("WRONGTYPE") == true && error?.message.contains("sluice:{default}:lock:taken") == true, "\(error!)")
        await pool.shutDown()
        await redis.stop()
    }

    @Test func `one at a time over several pools, with growing tokens`() async throws {
        let redis = try await RedisServer()
        let directory = try TemporaryDirectory(label: "door")
        let door = DoorFile(path: directory.path("door"))
        var pools: [MirrorPool] = []
        for _ in 0..<3 { pools.append(try await MirrorPool(configuration(redis))) }
        let tokens = Trace()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for pool in pools {
                let lock = try pool.lock("door")
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<20 {
                            try await lock.withLock { token in
                                #expect(door.enter(), "somebody else was inside")
                                tokens.add(token)
                                await Task.yield()
                                door.leave()
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(tokens.entries.count == 120)
        #expect(tokens.entries == tokens.entries.sorted())
        for pool in pools { await pool.shutDown() }
        await redis.stop()
    }

    @Test func `a body is cancelled before its lease can end, and its call says that the lease was lost`() async throws {
        let redis = try await RedisServer()
        let pool = try await MirrorPool(configuration(redis))
        // It is cancelled a fifth of the lease before the end: more than a machine stands still.
        let lock = try pool.lock("short", lease: .seconds(30))
        let inside = AsyncStream.makeStream(of: Instant.self)
        let call = Task {
            try await lock.withLock { _ in
                inside.continuation.yield(.now)
                // Waits for nothing but its cancellation.
                for await _ in AsyncStream<Void>.makeStream().stream {}
                inside.continuation.yield(.now)
            }
        }
        var moments = inside.stream.makeAsyncIterator()
        _ = try #require(await moments.next())
        let killed = Instant.now
        await redis.kill()
        let cancelled = try #require(await moments.next())
        #expect(cancelled.duration(since: killed) < .seconds(30))
        await #expect { try await call.value } throws: { ($0 as? SluiceError)?.code == .leaseLost }
        await pool.shutDown()
    }

    @Test func `a permit given back twice is an error the second time`() async throws {
        let redis = try await RedisServer()
        let pool = try await MirrorPool(configuration(redis))
        let semaphore = try await pool.semaphore("pair", permits: 2)
        let one = try await semaphore.acquire()
        let two = try #require(try await semaphore.tryAcquire())
        #expect(try await semaphore.tryAcquire() == nil)
        try await one.release()
        await #expect { try await one.release() } throws: { ($0 as? SluiceError)?.code == .notHeld }
        // The second release freed nothing: one of the two is still out.
        let three = try #require(try await semaphore.tryAcquire())
        #expect(try await semaphore.tryAcquire() == nil)
        try await two.release()
        try await three.release()
        await pool.shutDown()
        await redis.stop()
    }

    @Test func `what a body throws is thrown, and the permit is free again`() async throws {
        struct Failed: Error {}
        let redis = try await RedisServer()
        let pool = try await MirrorPool(configuration(redis))
        let semaphore = try await pool.semaphore("one", permits: 1)
        await #expect(throws: Failed.self) { try await semaphore.withPermit { throw Failed() } }
        #expect(try await semaphore.withPermit { 7 } == 7)
        await pool.shutDown()
        await redis.stop()
    }

    @Test func `a permit that an error leaves behind is free again, in a pool for locks alone`() async throws {
        struct Failed: Error {}
        let redis = try await RedisServer()
        let pool = try await MirrorPool(.locks(redis: redis.url))
        let lock = try pool.lock("one", lease: .seconds(1_800))
        func work() async throws {
            let permit = try await lock.acquire()
            if permit.token > 0 { throw Failed() }
            try await permit.release()
        }
        await #expect(throws: Failed.self) { try await work() }
        try await lock.acquire(deadline: .seconds(30)).release()
        await pool.shutDown()
        await redis.stop()
    }

    @Test func `a wish that is not fulfilled in time is a deadline error`() async throws {
        let redis = try await RedisServer()
        let pool = try await MirrorPool(configuration(redis))
        let lock = try pool.lock("busy")
        let permit = try await lock.acquire()
        // Redis must have answered by then, or that is what the error says.
        await #expect { try await lock.acquire(deadline: .seconds(15)) } throws: {
            ($0 as? SluiceError)?.code == .deadlineExceeded
        }
        try await permit.release()
        await pool.shutDown()
        await redis.stop()
    }

    @Test func `without Redis, and with impossible values, the error says what to do`() async throws {
        let redis = try await RedisServer()
        let alone = try await MirrorPool(configuration(nil))
        #expect { try alone.lock("a") } throws: {
            ($0 as? SluiceError)?.code == .invalidConfiguration && "\($0)".contains("SLUICE_REDIS_URL")
        }
        await alone.shutDown()
        let pool = try await MirrorPool(configuration(redis))
        for name in ["", "a b", "a:holders", String(repeating: "a", count: 201)] {
            #expect { try pool.lock(name) } throws: { ($0 as? SluiceError)?.code == .invalidConfiguration }
        }
        #expect { try pool.lock("a", lease: .zero) } throws: { ($0 as? SluiceError)?.code == .invalidConfiguration }
        await #expect { try await pool.semaphore("a", permits: 0) } throws: { ($0 as? SluiceError)?.code == .invalidConfiguration }
        _ = try await pool.semaphore("a", permits: 5)
        await #expect { try await pool.semaphore("a", permits: 3) } throws: {
            ($0 as? SluiceError)?.code == .invalidConfiguration && "\($0)".contains("5") && "\($0)".contains("3")
        }
        await redis.kill()
        await #expect { try await pool.semaphore("b", permits: 3, deadline: .milliseconds(300)) } throws: {
            ($0 as? SluiceError)?.code == .coordinatorUnavailable
        }
        await pool.shutDown()
    }
}

import Sluice
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Testing

@Suite(.timeLimit(.minutes(10))) struct FaultTests {
    @Test func `a call whose deadline cannot be met is refused at once, with when to come back`() async throws {
        let judges = try await Judges(1, limit: .init(2, per: .seconds(120)))
        let pool = try await MirrorPool(judges.configuration())
        for id in 1...2 { _ = try await pool.get("/posts/\(id)") }
        // Let the pool learn when the next slot comes.
        _ = try? await pool.get("/posts/3", options: CallOptions(deadline: .milliseconds(300)))
        let asked = Instant.now
        do {
            _ = try await pool.get("/posts/4", options: CallOptions(deadline: .seconds(60)))
            Issue.record("there was no slot to be had")
        } catch {
            #expect(error.code == .noSlotInTime)
            let wait = try #require(error.retryAfter)
            #expect(wait > .seconds(60) && wait < .seconds(121))
            // Refused at once, not at the deadline.
            #expect(Instant.now.duration(since: asked) < .seconds(30))
        }
        #expect(await judges.violations == 0)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a cancelled caller leaves at once and costs no slot`() async throws {
        let judges = try await Judges(1, limit: .init(1, per: .seconds(10)))
        let pool = try await MirrorPool(judges.configuration())
        _ = try await pool.get("/posts/1")
        let waiting = Task { try await pool.get("/posts/2") }
        waiting.cancel()
        await #expect { try await waiting.value } throws: { ($0 as? SluiceError)?.code == .cancelled }
        _ = try await pool.get("/posts/3")
        #expect(await judges.requests == 2)
        #expect(await judges.violations == 0)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a dead mirror costs no answer and no slot of the other`() async throws {
        let judges = try await Judges(1, limit: .init(50, per: .seconds(1)))
        var configuration = judges.configuration()
        let dead = try FreePort.next()
        configuration.mirrors.insert(
            MirrorConfiguration(url: "http://127.0.0.1:\(dead)", name: "dead", limits: [judges.limit]), at: 0)
        let pool = try await MirrorPool(configuration)
        for await (_, result) in pool.get((1...40).map { "/posts/\($0)" }, concurrency: 8) { _ = try result.get() }
        #expect(await judges.requests == 40)
        #expect(await judges.violations == 0)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `with every mirror dead a call ends in a typed error`() async throws {
        let dead = try FreePort.next()
        var configuration = PoolConfiguration(mirrors: [
            MirrorConfiguration(url: "http://127.0.0.1:\(dead)", limits: [.init(50, per: .seconds(1))])
        ])
        // It takes some 3 s until nobody asks any more.
        configuration.deadline = .seconds(20)
        let pool = try await MirrorPool(configuration)
        await #expect { try await pool.get("/posts/1") } throws: { error in
            let code = (error as? SluiceError)?.code
            return code == .mirrorsUnavailable || code == .noSlotInTime
        }
        await pool.shutDown()
    }

    @Test func `a refusal pauses the mirror for every process of the pool`() async throws {
        // The mirror allows less than we were told: it refuses, and asks to be left alone for two seconds.
        var options = StrictMirrorOptions()
        options.limits = [try MirrorLimit(3, per: .seconds(1))]
        options.retryAfter = .seconds(2)
        options.block = .zero
        let loop = EventLoop(name: "judge")
        let mirror = StrictMirror(on: loop, options: options)
        let address = try await mirror.start()
        let redis = try await RedisServer()
        var configuration = PoolConfiguration(mirrors: [MirrorConfiguration(url: "http://\(address)", limits: [.init(6, per: .seconds(1))])]
        )
        configuration.redis = redis.url
        let first = try await MirrorPool(configuration)
        let second = try await MirrorPool(configuration)
        for await (_, result) in first.get((1...4).map { "/posts/\($0)" }, concurrency: 4) { _ = try result.get() }
        let refusals = await mirror.stats.violations
        #expect(refusals >= 1)
        // The other process has never been refused itself; it goes by the pool's word.
        for await (_, result) in second.get((5...6).map { "/posts/\($0)" }, concurrency: 2) { _ = try result.get() }
        #expect(await mirror.stats.violations == refusals)
        await first.shutDown()
        await second.shutDown()
        await redis.stop()
        await mirror.shutDown()
        await loop.shutDown()
    }

    @Test func `an answer over the size cap is refused by name, and its slot counts`() async throws {
        let judges = try await Judges(1, limit: .init(50, per: .seconds(1)))
        var configuration = judges.configuration()
        configuration.responseLimit = 2_048
        let pool = try await MirrorPool(configuration)
        await #expect { try await pool.get("/posts") } throws: { ($0 as? SluiceError)?.code == .responseTooLarge }
        #expect(try await pool.get("/posts/1").status == 200)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a Redis that refuses the password is an error at the start, naming user and server and never the password`() async throws {
        var options = RedisServerOptions()
        options.password = "right"
        let redis = try await RedisServer(options)
        var configuration = PoolConfiguration(mirrors: [
            MirrorConfiguration(url: "http://127.0.0.1:9", limits: [.init(1, per: .seconds(1))])
        ])
        configuration.redis = "redis://:wr0ng-secret@127.0.0.1:\(redis.port)"
        await #expect { try await MirrorPool(configuration) } throws: { error in
            guard let error = error as? SluiceError else { return false }
            return error.code == .coordinatorUnavailable && !error.description.contains("wr0ng-secret")
                && error.description.contains("127.0.0.1:\(redis.port)")
        }
        await redis.stop()
    }

    @Test func `while Redis is away memory answers, misses end by their deadline, and nothing is sent`() async throws {
        let judges = try await Judges(1, limit: .init(50, per: .seconds(1)))
        let redis = try await RedisServer()
        let pool = try await MirrorPool(judges.configuration(redis: redis.url))
        _ = try await pool.get("/posts/1")
        await redis.kill()
        let asked = await judges.requests
        #expect(try await pool.get("/posts/1").status == 200)
        await #expect(throws: SluiceError.self) { try await pool.get("/posts/2", options: CallOptions(deadline: .milliseconds(500))) }
        #expect(await judges.requests == asked)
        try await redis.start()
        #expect(try await pool.get("/posts/3", options: CallOptions(deadline: .seconds(60))).status == 200)
        #expect(await judges.violations == 0)
        await pool.shutDown()
        await redis.stop()
        await judges.shutDown()
    }

    @Test func `a pool that shuts down answers those who wait, and refuses newcomers`() async throws {
        let judges = try await Judges(1, limit: .init(1, per: .seconds(30)))
        let pool = try await MirrorPool(judges.configuration())
        _ = try await pool.get("/posts/1")
        let waiting = Task { try await pool.get("/posts/2") }
        try await eventually("the call") { await pool.underWay > 0 }
        await pool.shutDown(grace: .milliseconds(50))
        await #expect { try await waiting.value } throws: { ($0 as? SluiceError)?.code == .shutDown }
        await #expect { try await pool.get("/posts/3") } throws: { ($0 as? SluiceError)?.code == .shutDown }
        await judges.shutDown()
    }
}

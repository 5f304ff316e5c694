import SluiceHarness
import SluiceLoop
import SluiceMirror
import Synchronization
import Testing

@testable import Sluice

/// Callers that lose interest in what has left for a mirror. Its slot is spent, and what becomes of it matters to others.
@Suite(.timeLimit(.minutes(10))) struct GoneCallerTests {
    @Test(arguments: [false, true])
    func `G3 what is on its way to a mirror is the answer of whoever asks next, or waits in another process`(shared: Bool) async throws {
        let redis = shared ? try await RedisServer() : nil
        // Who goes must be gone before the answer comes, also on a machine that stands still. Where nobody waits for a while the lease of what is
        // shared is not renewed: it must outlast the answer.
        let judges = try await Judges(1, limit: .init(100, per: .seconds(1)), latency: shared ? "4500ms" : "6000ms")
        let pool = try await MirrorPool(judges.configuration(redis: redis?.url))
        let other = shared ? try await MirrorPool(judges.configuration(redis: redis?.url)) : pool
        let gone = Task { try await pool.get("/posts/1") }
        try await eventually("the request") { await judges.requests == 1 }
        let waiting = shared ? Task { try await other.get("/posts/1") } : nil
        if shared { try await eventually("the one who waits") { await other.underWay == 1 } }
        gone.cancel()
        await #expect { try await gone.value } throws: { ($0 as? SluiceError)?.code == .cancelled }
        // Nobody waits in this process any more.
        #expect(try await pool.get("/posts/1").status == 200)
        if let waiting { #expect(try await waiting.value.status == 200) }
        #expect(await judges.requests == 1)
        await pool.shutDown()
        await other.shutDown()
        await judges.shutDown()
        await redis?.stop()
    }

    @Test func `a mirror that never answers is found out, though nobody waits for it as long as a request may take`() async throws {
        let silent = try await Judges(1, limit: .init(1_000, per: .seconds(1)), latency: "600000ms")
        let judges = try await Judges(1, limit: .init(1_000, per: .seconds(1)))
        var configuration = judges.configuration()
        configuration.mirrors.insert(MirrorConfiguration(url: silent.urls[0], name: "silent", limits: [silent.limit]), at: 0)
        configuration.timeout = .seconds(1)
        let told = Mutex<[String]>([])
        configuration.log = { line in told.withLock { $0.append(line) } }
        let pool = try await MirrorPool(configuration)
        let paths = Atomic(0)
        try await eventually("its open circuit") {
            let last = paths.add(8, ordering: .relaxed).newValue
            let calls = (0..<8).map { number in Task { try await pool.get("/posts/\(last - number)") } }
            try await Task.sleep(for: .milliseconds(300))
            for call in calls { call.cancel() }
            for call in calls { _ = try? await call.value }
            return told.withLock { $0.contains { $0.hasPrefix("mirror silent fails") } }
        }
        await pool.shutDown(grace: .zero)
        await judges.shutDown()
        await silent.shutDown()
    }

    @Test func `G5 a write ends by its deadline, though Redis stands still when its answer comes`() async throws {
        let redis = try await RedisServer()
        let judges = try await Judges(1, limit: .init(100, per: .seconds(1)), latency: "500ms")
        let pool = try await MirrorPool(judges.configuration(redis: redis.url))
        // It has a slot in hand then.
        _ = try await pool.get("/posts/2")
        let (status, took, stood) = try await Standstill.watched { standstill in
            let began = Instant.now
            let write = Task {
                try await pool.send(
                    PoolRequest(method: "POST", path: "/posts", body: Array("{}".utf8)), options: CallOptions(deadline: .seconds(1)))
            }
            try await eventually("the write") { await judges.requests == 2 }
            redis.pause()
            let status = try await write.value.status
            return (status, Instant.now.duration(since: began), standstill.total)
        }
        redis.resume()
        #expect(status == 201)
        // Redis is given up after two seconds.
        #expect(took - stood < .milliseconds(1_800), "\(took), of which the machine stood still for \(stood)")
        await pool.shutDown()
        await judges.shutDown()
        await redis.stop()
    }

    @Test func `a write that has left is carried out, and its path forgotten then, though its caller has gone`() async throws {
        let judges = try await Judges(1, limit: .init(100, per: .seconds(1)), latency: "6000ms")
        let pool = try await MirrorPool(judges.configuration())
        _ = try await pool.get("/posts")
        let gone = Task { try await pool.send(PoolRequest(method: "POST", path: "/posts", body: Array("{}".utf8))) }
        try await eventually("the write") { await judges.requests == 2 }
        gone.cancel()
        await #expect { try await gone.value } throws: { ($0 as? SluiceError)?.code == .cancelled }
        // It is the pool's call still: whoever ends the pool waits for it.
        #expect(await pool.underWay == 1)
        try await eventually("the end of the write") { await pool.underWay == 0 }
        _ = try await pool.get("/posts")
        #expect(await judges.requests == 3)
        await pool.shutDown()
        await judges.shutDown()
    }
}

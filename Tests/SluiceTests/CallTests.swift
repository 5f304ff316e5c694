import Foundation
import Sluice
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct CallTests {
    @Test func `one line gets a decoded post, and the second call is served from memory`() async throws {
        let judges = try await Judges(limit: .init(30, per: .seconds(6)))
        let pool = try await MirrorPool(judges.configuration())
        #expect(try await pool.get("/posts/55", as: Post.self).id == 55)
        let again = try await pool.get("/posts/55")
        #expect(again.source == .memory)
        #expect(await judges.requests == 1)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `with Redis a second pool is answered from Redis, and nobody asks the mirror twice`() async throws {
        let judges = try await Judges(limit: .init(30, per: .seconds(6)))
        let redis = try await RedisServer()
        let first = try await MirrorPool(judges.configuration(redis: redis.url))
        let second = try await MirrorPool(judges.configuration(redis: redis.url))
        let origin = try await first.get("/posts/7")
        guard case .mirror = origin.source else {
            Issue.record("the first answer came from \(origin.source)")
            return
        }
        #expect(try await second.get("/posts/7").source == .redis)
        #expect(try await second.get("/posts/7").source == .memory)
        #expect(await judges.requests == 1)
        await first.shutDown()
        await second.shutDown()
        await redis.stop()
        await judges.shutDown()
    }

    @Test func `many paths come back as they are ready, each with its own result`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        var good: Set<String> = []
        var bad: [String] = []
        for await (path, result) in pool.get(["/posts/1", "/posts/2", "//elsewhere/3", "/posts/4"], concurrency: 2) {
            if case .success = result { good.insert(path) } else { bad.append(path) }
        }
        #expect(good == ["/posts/1", "/posts/2", "/posts/4"])
        #expect(bad == ["//elsewhere/3"])
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `plain threads block until their answer is there, and share one request`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)), latency: "20ms")
        let pool = try await MirrorPool(judges.configuration())
        let answers = await withCheckedContinuation { (done: CheckedContinuation<[Int], Never>) in
            let ids = Mutex<[Int]>([])
            for _ in 0..<8 {
                Thread.detachNewThread {
                    let id = (try? pool.blocking.get("/posts/9").decode(Post.self).id) ?? -1
                    if ids.withLock({
                        $0.append(id)
                        return $0.count == 8
                    }) {
                        done.resume(returning: ids.withLock { $0 })
                    }
                }
            }
        }
        #expect(answers == Array(repeating: 9, count: 8))
        #expect(await judges.requests == 1)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a POST takes a slot, goes to one mirror, and the answer it changed is asked for anew`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        _ = try await pool.get("/orders")
        let created = try await pool.send(.post("/orders", body: ["item": "pear"]))
        #expect(created.status == 201)
        #expect(created.text.contains("pear"))
        #expect(try await pool.get("/orders").source != .memory)
        #expect(await judges.requests == 3)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a slot for another client names its mirror and counts at the ledger until a window after its body`() async throws {
        let judges = try await Judges(1, limit: .init(2, per: .milliseconds(500)))
        let pool = try await MirrorPool(judges.configuration())
        let started = Instant.now
        for _ in 0..<3 {
            let url = try await pool.withSlot { $0.url }
            #expect(url == judges.urls[0])
        }
        #expect(Instant.now.microseconds(since: started) >= 500_000)
        struct Mine: Error {}
        await #expect(throws: Mine.self) { try await pool.withSlot { _ in throw Mine() } }
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `an API's own 404 is an answer, and decoding it is a typed error`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        #expect(try await pool.get("/posts/100000").status == 404)
        await #expect { try await pool.get("/posts/100000", as: Post.self) } throws: { ($0 as? SluiceError)?.code == .unsuccessfulStatus }
        await #expect { try await pool.get("/posts", as: Post.self) } throws: { ($0 as? SluiceError)?.code == .decodingFailed }
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test(arguments: ["posts", "//host/posts", "/posts\r\nX: y", "/a/../b", "/%2e%2e/b", "/posts#x", "/a b", ""])
    func `a path that could leave the mirror is refused before anything is sent`(_ path: String) async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        await #expect { try await pool.get(path) } throws: { ($0 as? SluiceError)?.code == .invalidRequest }
        await #expect { try await pool.send(.delete(path)) } throws: { ($0 as? SluiceError)?.code == .invalidRequest }
        #expect(await judges.requests == 0)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a pool that ends right after its call has reported what became of its slot`() async throws {
        let judges = try await Judges(1, limit: .init(100, per: .seconds(1)))
        let redis = try await RedisServer()
        var configuration = judges.configuration(redis: redis.url)
        configuration.mirrors[0].name = "a"
        configuration.isLongLived = false
        for round in 1...5 {
            // The scripts are unknown to the server, so the last report takes two trips.
            try await redis.cli("SCRIPT", "FLUSH")
            let pool = try await MirrorPool(configuration)
            _ = try await pool.get("/posts/\(round)")
            await pool.shutDown()
            let state = try await redis.cli("HGET", "sluice:{default}:ledger", "state:a")
            #expect(state.hasPrefix("\(round) \(round) 0 0 0"))
        }
        await redis.stop()
        await judges.shutDown()
    }
}

import Sluice
import SluiceHarness
import SluiceLoop
import SluiceMirror
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct WarmTests {
    @Test func `one slot fills a hundred items, for every process, and progress is told`() async throws {
        let judges = try await Judges(limit: .init(30, per: .seconds(6)))
        let redis = try await RedisServer()
        let first = try await MirrorPool(judges.configuration(redis: redis.url))
        let second = try await MirrorPool(judges.configuration(redis: redis.url))
        let told = Mutex<[WarmProgress]>([])
        let report = try await first.warm("/posts", item: "/posts/{id}") { progress in told.withLock { $0.append(progress) } }
        #expect(report.items == 100 && report.stored == 100 && report.kept == 0 && report.refused == 0)
        if case .mirror = report.source {} else { Issue.record("the collection came from \(report.source)") }
        #expect(told.withLock { $0.map(\.done) } == Array(0...100))
        #expect(told.withLock { $0.allSatisfy { $0.total == 100 } })
        for id in 1...100 {
            let answer = try await second.get("/posts/\(id)")
            #expect(answer.source == .redis && answer.header("etag") == nil)
            #expect(try answer.decode(Post.self).id == id)
        }
        #expect(await judges.requests == 1)
        // What it says is what the mirror says of the item itself.
        let embedded = try await MirrorPool(judges.configuration())
        let direct = try await embedded.get("/posts/42")
        #expect(try await second.get("/posts/42").text.filter { !$0.isWhitespace } == direct.text.filter { !$0.isWhitespace })
        #expect(try await second.get("/posts/42").header("content-type") == direct.header("content-type"))
        // Once more costs nothing.
        let again = try await second.warm("/posts", item: "/posts/{id}")
        #expect(again.stored + again.kept == 100 && again.source != report.source)
        #expect(await judges.requests == 2)
        for pool in [first, second, embedded] { await pool.shutDown() }
        await redis.stop()
        await judges.shutDown()
    }

    @Test func `an item without the member that the template names is told by its place, and nothing is stored`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        let error = await #expect(throws: SluiceError.self) { try await pool.warm("/posts", item: "/posts/{slug}") }
        #expect(error?.code == .decodingFailed)
        #expect(error?.message.contains("item 1 of /posts has no member “slug”") == true, "\(String(describing: error))")
        let same = await #expect(throws: SluiceError.self) { try await pool.warm("/posts", item: "/of/{userId}") }
        #expect(same?.message.contains("items 1 and 2 of /posts both become /of/1") == true, "\(String(describing: same))")
        #expect(try await pool.get("/posts/1").source != .memory)
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `what is no list of items says so`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration())
        await #expect { try await pool.warm("/posts/1", item: "/posts/{id}") } throws: { ($0 as? SluiceError)?.code == .decodingFailed }
        await #expect { try await pool.warm("/nothing", item: "/x/{id}") } throws: { ($0 as? SluiceError)?.code == .unsuccessfulStatus }
        for template in ["", "/posts", "posts/{id}", "/posts/{", "/posts/{}", "/posts/}", "//{id}", "/a b/{id}", "/{a{b}}", "/../{id}"] {
            await #expect { try await pool.warm("/posts", item: template) } throws: { ($0 as? SluiceError)?.code == .invalidRequest }
        }
        await #expect { try await pool.warm("//posts", item: "/posts/{id}") } throws: { ($0 as? SluiceError)?.code == .invalidRequest }
        var options = CallOptions()
        options.fresh = .zero
        await #expect { try await pool.warm("/todos", item: "/todos/{id}", options: options) } throws: {
            ($0 as? SluiceError)?.code == .notStorable
        }
        await pool.shutDown()
        await judges.shutDown()
    }

    @Test func `a purge by the tag of the warm-up forgets its items`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let redis = try await RedisServer()
        let pool = try await MirrorPool(judges.configuration(redis: redis.url))
        try await pool.warm("/users", item: "/users/{id}?v={name}", options: CallOptions(tags: ["people"]))
        #expect(try await pool.purge(tag: "people") == 11)
        await pool.shutDown()
        await redis.stop()
        await judges.shutDown()
    }

    @Test func `what can be no tag is refused, not left out`() async throws {
        let judges = try await Judges(limit: .init(100, per: .seconds(1)))
        let pool = try await MirrorPool(judges.configuration(redis: nil))
        for tags in [["user 7"], ["a", ""], [String(repeating: "a", count: 1_025)], (0..<513).map { "t\($0)" }] {
            let options = CallOptions(tags: tags)
            await #expect { try await pool.get("/users/1", options: options) } throws: { ($0 as? SluiceError)?.code == .invalidRequest }
            await #expect { try await pool.warm("/users", item: "/users/{id}", options: options) } throws: {
                ($0 as? SluiceError)?.code == .invalidRequest
            }
        }
        await #expect { try await pool.purge(tag: "größe") } throws: { ($0 as? SluiceError)?.code == .invalidRequest }
        await pool.shutDown()
        await judges.shutDown()
    }
}

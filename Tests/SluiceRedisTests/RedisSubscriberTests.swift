import SluiceHarness
import SluiceLoop
import Synchronization
import Testing

@testable import SluiceRedis

/// Pub/sub and tracking on a real server.
@Suite(.timeLimit(.minutes(10))) struct RedisSubscriberTests {
    private func withSubscriber(
        _ server: RedisServer, trackingPrefix: String? = nil, livenessInterval: Duration = .seconds(1), patience: Duration = .seconds(60),
        _ body: (RedisSubscriber, EventFeed) async throws -> Void
    ) async throws {
        let loop = EventLoop(name: "redis-test")
        let feed = EventFeed()
        var options = RedisClientOptions.patient
        options.backOffMaximum = .milliseconds(100)
        options.livenessInterval = livenessInterval
        options.commandTimeout = patience
        let subscriber = RedisSubscriber(
            endpoint: try RedisEndpoint(url: server.url), loop: loop, options: options, trackingPrefix: trackingPrefix
        ) { feed.add($0) }
        await subscriber.start()
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(subscriber, feed))
        } catch {
            outcome = .failure(error)
        }
        await subscriber.shutDown()
        await loop.shutDown()
        try outcome.get()
    }

    @Test func `messages arrive on wanted channels, also after the server came back`() async throws {
        let server = try await RedisServer()
        try await withSubscriber(server) { subscriber, events async throws in
            try await subscriber.subscribe(["a", "b"])
            #expect(await events.next() == .connected)
            try await server.cli("PUBLISH", "a", "1")
            #expect(await events.next() == .message(channel: "a", payload: [UInt8(ascii: "1")]))
            try await server.restart(keepingData: false)
            #expect(await events.next() == .disconnected)
            #expect(await events.next() == .connected)
            try await subscriber.unsubscribe(["a"])
            #expect(try await server.cli("PUBLISH", "a", "2") == "0")
            #expect(try await server.cli("PUBLISH", "b", "3") == "1")
            #expect(await events.next() == .message(channel: "b", payload: [UInt8(ascii: "3")]))
        }
    }

    @Test func `invalidations of the prefix arrive, a flush as everything, and again after a reconnection`() async throws {
        let server = try await RedisServer()
        try await withSubscriber(server, trackingPrefix: "p:") { subscriber, events async throws in
            #expect(await events.next() == .connected)
            for _ in 0..<2 {
                try await server.cli("SET", "q:other", "1")
                try await server.cli("SET", "p:k", "1")
                #expect(await events.next() == .invalidated(keys: ["p:k"]))
                try await server.cli("DEL", "p:k")
                #expect(await events.next() == .invalidated(keys: ["p:k"]))
                try await server.cli("MSET", "p:x", "1", "p:y", "2")
                guard case .invalidated(let keys?) = await events.next() else {
                    Issue.record("no keys")
                    return
                }
                #expect(Set(keys) == ["p:x", "p:y"])
                try await server.cli("FLUSHALL")
                #expect(await events.next() == .invalidated(keys: nil))
                try await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
                #expect(await events.next() == .disconnected)
                #expect(await events.next() == .connected)
            }
        }
    }

    @Test func `a connection that only falls silent is given up`() async throws {
        let server = try await RedisServer()
        try await withSubscriber(
            server, trackingPrefix: "p:", livenessInterval: .milliseconds(50), patience: .milliseconds(300)
        ) { subscriber, events async throws in
            #expect(await events.next() == .connected)
            server.pause()
            #expect(await events.next() == .disconnected)
            server.resume()
            #expect(await events.next() == .connected)
        }
    }

    @Test func `a subscription without a server fails by its time and comes with the connection`() async throws {
        let server = try await RedisServer()
        await server.kill()
        try await withSubscriber(server, livenessInterval: .seconds(600), patience: .milliseconds(300)) { subscriber, events async throws in
            #expect(await code { () async throws(RedisError) in try await subscriber.subscribe(["a"]) } == .notConnected)
            try await server.start()
            #expect(await events.next() == .connected)
            #expect(try await server.cli("PUBLISH", "a", "1") == "1")
        }
    }

    /// What a user may lack.
    enum Right: CaseIterable {
        case invalidations, channels

        /// The rules that take it away. Redis 6 knows only how to permit a part of a command.
        func taken(from server: RedisServer) async throws -> [String] {
            switch self {
            case .channels: ["resetchannels", "&a"]
            case .invalidations where try await server.cli("INFO", "server").contains("redis_version:6."):
                ["-client", "+client|setname", "+client|id"]
            case .invalidations: ["-client|tracking"]
            }
        }
    }

    @Test(arguments: Right.allCases)
    func `a server that refuses messages is told of once, asked ever more rarely, and heard when it grants them`(right: Right) async throws
    {
        let server = try await RedisServer()
        #expect(try await server.cli(["ACL", "SETUSER", "default"] + right.taken(from: server)) == "OK")
        let loop = EventLoop(name: "redis-test")
        let events = EventFeed()
        let told = Mutex<[String?]>([])
        let subscriber = RedisSubscriber(
            endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient, trackingPrefix: "p:",
            troubled: { error in told.withLock { $0.append(error?.message) } }
        ) { events.add($0) }
        let before = try await connections(to: server)
        await subscriber.start()
        try await until { told.withLock { !$0.isEmpty } }
        try await Task.sleep(for: .seconds(3))
        // Those of redis-cli among them.
        #expect(try await connections(to: server) - before < 16)
        let refusals = told.withLock { $0 }
        #expect(refusals.count == 1 && refusals.first??.contains("NOPERM") == true, "\(refusals)")
        try await server.cli("ACL", "SETUSER", "default", "+@all", "allchannels")
        #expect(await events.next() == .connected)
        try await until { told.withLock { $0.count == 2 && $0.last == .some(nil) } }
        try await server.cli("SET", "p:k", "1")
        #expect(await events.next() == .invalidated(keys: ["p:k"]))
        await subscriber.shutDown()
        await loop.shutDown()
        await server.stop()
    }

    private func connections(to server: RedisServer) async throws -> Int {
        let line = try await server.cli("INFO", "stats").split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("total_connections_received:")
        }
        return try #require(line?.split(separator: ":").last.flatMap { Int($0) })
    }

    @Test(arguments: [
        ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", true),
        ("LOADING Redis is loading the dataset in memory", true), ("ERR max number of clients reached", true),
        ("NOPERM this user has no permissions to run the 'client|tracking' command", false), ("ERR unknown subcommand 'TRACKING'", false),
    ])
    func `a server that is busy with something else refuses for the moment only`(reply: String, passes: Bool) {
        #expect(RedisError.refused(reply).isPassingRefusal == passes)
    }

    @Test func `a subscriber that is shut down tells who waits`() async throws {
        let server = try await RedisServer()
        server.pause()
        try await withSubscriber(server) { subscriber, _ async throws in
            #expect(await Ending(subscriber).shutDownWhileSubscribing() == .shutDown)
            #expect(await code { () async throws(RedisError) in try await subscriber.subscribe(["b"]) } == .shutDown)
        }
    }
}

/// Acts on the subscriber's loop, where the order of steps is certain.
private actor Ending {
    private let subscriber: RedisSubscriber
    nonisolated var unownedExecutor: UnownedSerialExecutor { subscriber.loop.asUnownedSerialExecutor() }

    init(_ subscriber: RedisSubscriber) { self.subscriber = subscriber }

    func shutDownWhileSubscribing() async -> RedisError.Code? {
        let waiting = Task { [subscriber] in
            _ = self  // Isolated to this actor, so that it begins on the loop.
            return await code { () async throws(RedisError) in try await subscriber.subscribe(["a"]) }
        }
        for _ in 0..<10 { await Task.yield() }
        await subscriber.shutDown()
        return await waiting.value
    }
}

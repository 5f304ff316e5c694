import SluiceHarness
import SluiceLoop
import Testing

@testable import SluiceRedis

/// The name of a server comes to lead to another, while the old one lives on.
@Suite(.timeLimit(.minutes(10))) struct MovedServerTests {
    private struct Scene {
        let old: RedisServer
        let new: RedisServer
        let proxy: TCPProxy
        let client: RedisClient
        let subscriber: RedisSubscriber
        let events: EventFeed
    }

    /// A client and a subscriber beside it, at the old server by a name that may move.
    private func withScene(_ body: (Scene) async throws -> Void) async throws {
        let (old, new) = (try await RedisServer(), try await RedisServer())
        let proxy = try TCPProxy(to: old.port)
        let loop = EventLoop(name: "redis-test")
        let events = EventFeed()
        let endpoint = try RedisEndpoint(url: "redis://127.0.0.1:\(proxy.port)")
        let client = RedisClient(endpoint: endpoint, loop: loop, options: .patient)
        let subscriber = RedisSubscriber(
            endpoint: endpoint, loop: loop, options: .patient, trackingPrefix: "p:", beside: client
        ) { events.add($0) }
        await client.start()
        try await client.command("PING")
        await subscriber.start()
        let outcome: Result<Void, any Error>
        do {
            #expect(await events.next() == .connected)
            outcome = .success(
                try await body(Scene(old: old, new: new, proxy: proxy, client: client, subscriber: subscriber, events: events)))
        } catch {
            outcome = .failure(error)
        }
        await subscriber.shutDown()
        await client.shutDown()
        await loop.shutDown()
        proxy.stop()
        await old.stop()
        await new.stop()
        try outcome.get()
    }

    @Test func `when only commands have moved, messages are given up before a command is answered, and come from the new server`()
        async throws
    {
        try await withScene { scene async throws in
            scene.proxy.lead(to: scene.new.port)
            try await scene.old.cli("CLIENT", "KILL", "TYPE", "normal")
            #expect(await scene.events.next() == .disconnected)
            #expect(await scene.events.next() == .connected)
            try await scene.old.cli("SET", "p:old", "1")
            try await scene.client.command("SET", "p:new", "1")
            #expect(await scene.events.next() == .invalidated(keys: ["p:new"]))
            #expect(try await scene.new.cli("GET", "p:new") == "1")
        }
    }

    @Test func `when only messages have moved, commands follow`() async throws {
        try await withScene { scene async throws in
            scene.proxy.lead(to: scene.new.port)
            try await scene.old.cli("CLIENT", "KILL", "TYPE", "pubsub")
            #expect(await scene.events.next() == .disconnected)
            #expect(await scene.events.next() == .connected)
            try await until { (try? await scene.client.command("SET", "p:new", "1")) != nil }
            #expect(await scene.events.next() == .invalidated(keys: ["p:new"]))
            #expect(try await scene.new.cli("GET", "p:new") == "1")
        }
    }

    @Test func `commands that followed before their name led to the new server follow again`() async throws {
        let (old, new) = (try await RedisServer(), try await RedisServer())
        let (forCommands, forMessages) = (try TCPProxy(to: old.port), try TCPProxy(to: new.port))
        let loop = EventLoop(name: "redis-test")
        let client = RedisClient(
            endpoint: try RedisEndpoint(url: "redis://127.0.0.1:\(forCommands.port)"), loop: loop, options: .patient)
        let subscriber = RedisSubscriber(
            endpoint: try RedisEndpoint(url: "redis://127.0.0.1:\(forMessages.port)"), loop: loop, options: .patient, beside: client
        ) { _ in }
        await client.start()
        try await client.command("PING")
        await subscriber.start()
        // They have moved, in vain, and are at the old one again.
        try await until { forCommands.accepted >= 2 }
        try await until { (try? await client.command("PING")) != nil }
        forCommands.lead(to: new.port)
        try await until {
            _ = try? await client.command("SET", "k", "v")
            return try await new.cli("GET", "k") == "v"
        }
        try await until { await subscriber.isConnected }
        await subscriber.shutDown()
        await client.shutDown()
        await loop.shutDown()
        for proxy in [forCommands, forMessages] { proxy.stop() }
        for server in [old, new] { await server.stop() }
    }

    @Test func `where messages are led elsewhere for good they are not heard, and neither server is flooded`() async throws {
        let (one, other) = (try await RedisServer(), try await RedisServer())
        let proxy = try TCPProxy(to: other.port)
        let loop = EventLoop(name: "redis-test")
        let client = RedisClient(endpoint: try RedisEndpoint(url: one.url), loop: loop, options: .patient)
        let events = EventFeed()
        let subscriber = RedisSubscriber(
            endpoint: try RedisEndpoint(url: "redis://127.0.0.1:\(proxy.port)"), loop: loop, options: .patient, trackingPrefix: "p:",
            beside: client
        ) { events.add($0) }
        await client.start()
        let first = try await client.command("CLIENT", "ID").int64
        await subscriber.start()
        // Commands try to follow, less often than messages come.
        try await until { try await client.command("CLIENT", "ID", idempotent: true).int64 != first }
        try await Task.sleep(for: .seconds(3))
        #expect(proxy.accepted > 0 && proxy.accepted < 20)
        #expect(await !subscriber.isConnected)
        let last = try await client.command("CLIENT", "ID", idempotent: true).int64
        #expect(last.map { $0 < 12 } == true)
        proxy.lead(to: one.port)
        #expect(await events.next() == .connected)
        await subscriber.shutDown()
        await client.shutDown()
        await loop.shutDown()
        proxy.stop()
        await one.stop()
        await other.stop()
    }

    @Test func `a master that became a replica is left when its name leads to another master`() async throws {
        try await withScene { scene async throws in
            try await scene.old.cli("REPLICAOF", "127.0.0.1", "\(scene.new.port)")
            scene.proxy.lead(to: scene.new.port)
            try await until { (try? await scene.client.command("SET", "p:a", "1")) != nil }
            #expect(try await scene.new.cli("GET", "p:a") == "1")
            // The old one has also taken over the new one's data.
            while await scene.events.next() != .disconnected {}
            #expect(await scene.events.next() == .connected)
        }
    }

    @Test func `a replica that stays one is read without a break, and looked up rarely`() async throws {
        try await withScene { scene async throws in
            try await scene.old.cli("SET", "k", "v")
            try await scene.old.cli("REPLICAOF", "127.0.0.1", "1")
            let (before, id) = (scene.proxy.accepted, try await scene.client.command("CLIENT", "ID"))
            let end = Instant.now.advanced(by: .seconds(2))
            repeat {
                async let value = scene.client.command("GET", "k")
                let refusal = await #expect(throws: RedisError.self) { try await scene.client.command("SET", "k", "w") }
                #expect(refusal?.code == .refused)
                #expect(try await value.string == "v")
            } while Instant.now < end
            try await until { scene.proxy.accepted > before }
            #expect(try await scene.client.command("CLIENT", "ID") == id)
            let looks = scene.proxy.accepted - before
            #expect(looks < 16, "\(looks)")
        }
    }
}

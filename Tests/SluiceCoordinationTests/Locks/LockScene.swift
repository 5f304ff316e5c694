import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Synchronization
import Testing

/// One process's part, on a loop of its own.
final class LockNode: Sendable {
    let loop: EventLoop
    let client: RedisClient
    let subscriber: RedisSubscriber
    let store: PermitStore

    init(_ number: Int, url: String) async throws {
        let loop = EventLoop(name: "locks-\(number)")
        self.loop = loop
        let keys = PoolKeys(pool: "locks")
        var random = SystemRandomNumberGenerator()
        let id = NodeID(host: "host", process: Int32(number), random: &random)
        client = RedisClient(endpoint: try RedisEndpoint(url: url), loop: loop, options: .patient)
        let store = PermitStore(loop: loop, redis: client, node: id, keys: keys)
        self.store = store
        subscriber = RedisSubscriber(endpoint: try RedisEndpoint(url: url), loop: loop, options: .patient) { event in
            store.assumeIsolated { $0.received(event) }
        }
        await client.start()
        await subscriber.start()
        await store.start(subscriber: subscriber)
        // So that nobody is passed over for want of a subscription, and orders are certain.
        try await subscriber.subscribe([store.channel])
    }

    func acquire(_ resource: PermitResource, within seconds: Int64 = 60) async throws -> PermitHold {
        try #require(try await store.acquire(resource, deadline: Instant.now.advanced(by: .seconds(seconds))))
    }

    /// From one moment to the next nothing of this process reaches Redis any more, as if it had been killed.
    func vanish() async {
        await client.shutDown()
        await subscriber.shutDown()
    }

    func end() async {
        await store.shutDown()
        await vanish()
        await loop.shutDown()
    }
}

/// A server and several processes' parts.
struct LockScene {
    let server: RedisServer
    let nodes: [LockNode]

    init(_ count: Int, server options: RedisServerOptions = RedisServerOptions()) async throws {
        server = try await RedisServer(options)
        var nodes: [LockNode] = []
        for number in 1...count { nodes.append(try await LockNode(number, url: server.url)) }
        self.nodes = nodes
    }

    func end() async {
        for node in nodes { await node.end() }
        await server.stop()
    }

    /// Returns when so many wait for the resource, as Redis sees it.
    func untilWaiting(_ count: Int, for resource: PermitResource) async throws {
        let key = "sluice:{locks}:\(resource.kind.rawValue):\(resource.name):waiters"
        try await until("\(count) wait for \(resource.name)") { try await server.cli("ZCARD", key) == "\(count)" }
    }

    /// Returns when a condition holds; throws when it does not in 30 s.
    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let limit = Instant.now.advanced(by: .seconds(120))
        while try await !holds() {
            try #require(Instant.now < limit, "\(what): that did not come about")
            try await nodes[0].loop.sleep(until: Instant.now.advanced(by: .milliseconds(2)))
        }
    }
}

func lock(_ name: String = "a", lease: Duration = .seconds(10)) throws -> PermitResource {
    try PermitResource(kind: .lock, name: name, permits: 1, lease: lease)
}

func semaphore(_ permits: Int, lease: Duration = .seconds(10)) throws -> PermitResource {
    try PermitResource(kind: .semaphore, name: "s", permits: permits, lease: lease)
}

/// Sees who is inside at once, outside of everything that is tested.
final class Witness: Sendable {
    private let state = Mutex((inside: 0, most: 0, entries: 0))

    func enter() {
        state.withLock { state in
            state.inside += 1
            state.most = max(state.most, state.inside)
            state.entries += 1
        }
    }

    func leave() { state.withLock { $0.inside -= 1 } }
    var most: Int { state.withLock { $0.most } }
    var entries: Int { state.withLock { $0.entries } }
}

/// What happened, in order.
final class Journal<Entry: Sendable>: Sendable {
    private let state = Mutex<[Entry]>([])
    func add(_ entry: Entry) { state.withLock { $0.append(entry) } }
    var entries: [Entry] { state.withLock { $0 } }
}

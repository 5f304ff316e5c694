import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Locks under faults` {
    @Test func `who waits asks Redis nothing but its sign of life`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock(lease: .seconds(60))
        let held = try await scene.nodes[0].acquire(resource)
        let waiting = Task { try await scene.nodes[1].acquire(resource) }
        try await scene.untilWaiting(1, for: resource)
        let before = try await scene.scripts
        #expect(before.contains("calls="))
        // A span of the other process's clock, not of ours.
        try await scene.nodes[1].loop.sleep(until: Instant.now.advanced(by: .seconds(1)))
        let after = try await scene.scripts
        #expect(after == before)
        waiting.cancel()
        _ = await scene.nodes[0].store.release(held)
        await scene.end()
    }

    @Test func `a lost message costs time only`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock(lease: .seconds(9))
        let held = try await scene.nodes[0].acquire(resource)
        async let next = scene.nodes[1].acquire(resource)
        try await scene.untilWaiting(1, for: resource)
        // The waiter hears nothing any more, and Redis still takes it for a listener: the message goes nowhere.
        try await scene.nodes[1].subscriber.unsubscribe([scene.nodes[1].store.channel])
        let deaf = try await RedisDeafListener(scene.server, channel: scene.nodes[1].store.channel)
        let released = Instant.now
        #expect(await scene.nodes[0].store.release(held) == .done)
        _ = try await next
        #expect(Instant.now.duration(since: released) < .seconds(30), "its next sign of life finds the permit")
        await deaf.end()
        await scene.end()
    }

    @Test func `when the subscriptions are cut nobody hangs`() async throws {
        let scene = try await LockScene(3)
        let resource = try lock(lease: .seconds(9))
        let held = try await scene.nodes[0].acquire(resource)
        // Either may be back first; each gives its permit on.
        let waiting = scene.nodes[1...].map { node in Task { await node.store.release(try await node.acquire(resource)) } }
        try await scene.untilWaiting(2, for: resource)
        try await scene.server.cli("CLIENT", "KILL", "TYPE", "pubsub")
        _ = await scene.nodes[0].store.release(held)
        for task in waiting { #expect(try await task.value == .done) }
        await scene.end()
    }

    @Test(arguments: [false, true]) func `tokens go on above when the data is lost, and a holder keeps its place`(restart: Bool)
        async throws
    {
        let scene = try await LockScene(2)
        let resource = try lock(lease: .seconds(30))
        let held = try await scene.nodes[0].acquire(resource)
        if restart { try await scene.server.restart(keepingData: false) } else { try await scene.server.cli("FLUSHALL") }
        // It is restored by the holder's next renewal.
        try await scene.until("the holder's place is restored") {
            try await scene.server.cli("EXISTS", "sluice:{locks}:lock:a:holders") == "1"
        }
        #expect(!held.isLost)
        async let next = scene.nodes[1].acquire(resource)
        try await scene.untilWaiting(1, for: resource)
        #expect(await scene.nodes[0].store.release(held) == .done)
        #expect(try await next.token > held.token)
        await scene.end()
    }

    @Test(arguments: [false, true])
    func `when the clock was set back, who died before delays the next by no more than the lease`(waited: Bool) async throws {
        var options = RedisServerOptions()
        options.hasSettableClock = true
        let scene = try await LockScene(3, server: options)
        let resource = try lock(lease: .seconds(1))
        let held = try await scene.nodes[0].acquire(resource)
        let waiting = Task { try await scene.nodes[1].acquire(resource) }
        try await scene.untilWaiting(1, for: resource)
        await scene.nodes[1].vanish()
        if !waited {
            // Its place in the queue is given up, and nobody but the holder is left.
            try await scene.server.cli("DEL", "sluice:{locks}:lock:a:waiters", "sluice:{locks}:lock:a:leases")
        }
        await scene.nodes[0].vanish()
        try await scene.server.stepClock(by: .seconds(-3_600))
        let next = try await scene.nodes[2].acquire(resource)
        #expect(next.token > held.token)
        #expect(await scene.nodes[2].store.release(next) == .done)
        waiting.cancel()
        _ = await waiting.result
        await scene.end()
    }

    @Test func `without a connection a wish ends by its deadline, saying so`() async throws {
        let scene = try await LockScene(1)
        await scene.server.kill()
        let asked = Instant.now
        let error = await #expect(throws: CoordinationError.self) {
            try await scene.nodes[0].store.acquire(try lock(), deadline: Instant.now.advanced(by: .milliseconds(300)))
        }
        #expect(error?.code == .coordinatorUnavailable)
        #expect(Instant.now.duration(since: asked) < .seconds(30))
        await scene.end()
    }

    @Test func `a process that shuts down answers its waiters and leaves the queue`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock()
        let held = try await scene.nodes[0].acquire(resource)
        let waiting = Task { try await scene.nodes[1].acquire(resource) }
        try await scene.untilWaiting(1, for: resource)
        await scene.nodes[1].store.shutDown()
        await #expect { try await waiting.value } throws: { ($0 as? CoordinationError)?.code == .shutDown }
        try await scene.untilWaiting(0, for: resource)
        #expect(await scene.nodes[0].store.release(held) == .done)
        await scene.end()
    }
}

extension LockScene {
    /// How often scripts were run.
    var scripts: String {
        get async throws {
            try await server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline).first { $0.contains("cmdstat_evalsha") }.map(
                String.init) ?? ""
        }
    }
}

/// Listens to a channel and tells nobody.
struct RedisDeafListener {
    let loop = EventLoop(name: "deaf")
    let subscriber: RedisSubscriber

    init(_ server: RedisServer, channel: String) async throws {
        subscriber = RedisSubscriber(endpoint: try RedisEndpoint(url: server.url), loop: loop, options: .patient) { _ in }
        await subscriber.start()
        try await subscriber.subscribe([channel])
    }

    func end() async {
        await subscriber.shutDown()
        await loop.shutDown()
    }
}

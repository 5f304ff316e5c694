import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

/// What other lock libraries are known to get wrong, one test each.
@Suite(.timeLimit(.minutes(10))) struct `Known failures of other locks` {
    @Test func `a watchdog that stops at its first error: the lease is renewed after errors and lost connections`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock(lease: .seconds(15))
        let held = try await scene.nodes[0].acquire(resource)
        let began = Instant.now
        let holders = "sluice:{locks}:lock:a:holders"
        while Instant.now.duration(since: began) < .seconds(22) {
            // Scripts meet a key that is none of theirs, and fail, until it is as it was.
            let failed = try await scene.failedScripts
            try await scene.server.cli("COPY", holders, "aside")
            try await scene.server.cli("SET", holders, "no set")
            try await scene.until("a renewal has failed") { try await scene.failedScripts > failed }
            try await scene.server.cli("RENAME", "aside", holders)
            let (calls, failures) = (try await scene.scriptCalls, try await scene.failedScripts)
            try await scene.until("a renewal has succeeded") {
                let (calls, failures) = (try await scene.scriptCalls - calls, try await scene.failedScripts - failures)
                return calls > failures
            }
            try await scene.server.cli("CLIENT", "KILL", "TYPE", "normal")
        }
        #expect(!held.isLost)
        let far = Instant.now.advanced(by: .seconds(60))
        #expect(try await scene.nodes[1].store.acquire(resource, aim: .try, deadline: far) == nil)
        #expect(await scene.nodes[0].store.release(held) == .done)
        await scene.end()
    }

    @Test func `a watchdog that outlives its unlock: after the release nothing is sent any more`() async throws {
        let scene = try await LockScene(1)
        // A machine that stands still for a moment must not lose it.
        let resource = try lock(lease: .seconds(12))
        let held = try await scene.nodes[0].acquire(resource)
        let first = try await scene.scriptCalls
        try await scene.until("the watchdog has renewed") { try await scene.scriptCalls > first }
        #expect(await scene.nodes[0].store.release(held) == .done)
        let released = try await scene.scriptCalls
        // Two more renewals would fall into this.
        try await scene.nodes[0].loop.sleep(until: Instant.now.advanced(by: .seconds(9)))
        #expect(try await scene.scriptCalls == released)
        #expect(try await scene.server.cli("EXISTS", "sluice:{locks}:lock:a:holders") == "0")
        await scene.end()
    }

    @Test func `a permit that is dropped instead of given back: it is free at once`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock(lease: .seconds(1_800))
        do { _ = try await scene.nodes[0].acquire(resource) }
        let hold = try await scene.nodes[1].acquire(resource)
        #expect(await scene.nodes[1].store.release(hold) == .done)
        #expect(await scene.nodes[0].store.counts == (0, 0))
        await scene.end()
    }

    @Test func `a dead waiter in a fair queue: one that Redis takes for alive holds the others up for what is left of its lease`()
        async throws
    {
        let scene = try await LockScene(3)
        let resource = try lock(lease: .seconds(20))
        let held = try await scene.nodes[0].acquire(resource)
        let dead = Task { try await scene.nodes[1].acquire(resource) }
        try await scene.untilWaiting(1, for: resource)
        async let alive = scene.nodes[2].acquire(resource)
        try await scene.untilWaiting(2, for: resource)
        // As of a process that was stopped: somebody listens, nobody hears.
        let deaf = try await RedisDeafListener(scene.server, channel: scene.nodes[1].store.channel)
        await scene.nodes[1].vanish()
        let vanished = Instant.now
        // Its last sign of life was at most a third of it before: its lease still lasts.
        try await scene.nodes[0].loop.sleep(until: vanished.advanced(by: .seconds(10)))
        #expect(await scene.nodes[0].store.release(held) == .done)
        _ = try await alive
        let delay = Instant.now.duration(since: vanished)
        // If that did, the permit would be free after thirty seconds.
        #expect(delay <= .seconds(29), "its lease began before it vanished, and being given the lock did not extend it: \(delay)")
        dead.cancel()
        await deaf.end()
        await scene.end()
    }

    @Test func `a counter that drifts when holders crash while they release: all permits are there again`() async throws {
        let scene = try await LockScene(4)
        // A machine that stands still for a moment must not lose those that are taken again.
        let resource = try semaphore(6, lease: .seconds(12))
        for node in scene.nodes[1...] {
            let permits = [try await node.acquire(resource), try await node.acquire(resource)]
            // The releases leave, or do not, and whatever they do nobody hears of it.
            let releasing = permits.map { permit in Task { await node.store.release(permit) } }
            await node.vanish()
            for task in releasing { _ = await task.value }
        }
        var again: [PermitHold] = []
        for _ in 0..<6 { again.append(try await scene.nodes[0].acquire(resource)) }
        let far = Instant.now.advanced(by: .seconds(60))
        #expect(try await scene.nodes[0].store.acquire(resource, aim: .try, deadline: far) == nil, "and not one more")
        for permit in again { #expect(await scene.nodes[0].store.release(permit) == .done) }
        await scene.end()
    }

    @Test func `no resubscription after a restart of Redis: messages wake again`() async throws {
        let scene = try await LockScene(2)
        // Signs of life come too rarely to help.
        let resource = try lock(lease: .seconds(1_800))
        let held = try await scene.nodes[0].acquire(resource)
        async let next = scene.nodes[1].acquire(resource)
        try await scene.untilWaiting(1, for: resource)
        try await scene.server.restart(keepingData: true)
        try await scene.until("the waiter listens again, and has asked whether it missed something") {
            let listens = try await scene.server.cli("PUBSUB", "NUMSUB", scene.nodes[1].store.channel).hasSuffix("1")
            let calls = try await scene.scriptCalls
            return listens && calls >= 2
        }
        let released = Instant.now
        #expect(await scene.nodes[0].store.release(held) == .done)
        _ = try await next
        #expect(Instant.now.duration(since: released) < .seconds(60))
        await scene.end()
    }

    @Test func `more commands than needed: an acquisition costs two scripts, and a contended one no more`() async throws {
        let scene = try await LockScene(4)
        let resource = try lock(lease: .seconds(60))
        let alone = try await scene.acquisitions(of: resource, by: scene.nodes.prefix(1), each: 100)
        #expect(alone.scripts == 200)
        #expect(alone.inner <= 10 * 100, "within the scripts")
        let contended = try await scene.acquisitions(of: resource, by: scene.nodes[...], each: 50)
        #expect(contended.scripts <= 3 * 200)
        await scene.end()
    }
}

extension LockScene {
    /// How many scripts were run.
    var scriptCalls: Int {
        get async throws { try await commands["evalsha", default: 0] }
    }

    /// How many scripts ended in an error.
    var failedScripts: Int {
        get async throws { try await figures("failed_calls")["evalsha", default: 0] }
    }

    /// How often each command was executed, in scripts or not.
    var commands: [String: Int] {
        get async throws { try await figures("calls") }
    }

    /// One of the figures that the server keeps of each command.
    private func figures(_ name: String) async throws -> [String: Int] {
        let lines = try await server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
        let figures = lines.compactMap { line -> (String, Int)? in
            let parts = line.split(separator: ":")
            let figure = parts.last?.split(separator: ",").first { $0.hasPrefix("\(name)=") }?.split(separator: "=").last
            guard parts.count == 2, let figure, let number = Int(figure) else { return nil }
            return (String(parts[0].dropFirst("cmdstat_".count)), number)
        }
        return Dictionary(figures) { $1 }
    }

    /// Lets processes take and give back a lock, and returns how many scripts and commands within them that cost.
    func acquisitions(
        of resource: PermitResource, by nodes: ArraySlice<LockNode>, each count: Int
    ) async throws -> (scripts: Int, inner: Int) {
        // The scripts are known, and everybody listens, before it is counted.
        for node in nodes { _ = await node.store.release(try await node.acquire(resource)) }
        let before = try await commands
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes {
                group.addTask { for _ in 0..<count { _ = await node.store.release(try await node.acquire(resource)) } }
            }
            try await group.waitForAll()
        }
        let grown = try await commands.merging(before) { $0 - $1 }
        let outside: Set<String> = ["evalsha", "info", "ping", "subscribe"]
        return (grown["evalsha", default: 0], grown.filter { !outside.contains($0.key) }.values.reduce(0, +))
    }
}

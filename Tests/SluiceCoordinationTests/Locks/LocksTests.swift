import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Locks and semaphores` {
    @Test(arguments: [1, 3]) func `never more hold at once than there are permits, and all of them are used`(permits: Int) async throws {
        let scene = try await LockScene(4)
        let resource = try semaphore(permits)
        let witness = Witness()
        let tokens = Journal<Int64>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in scene.nodes {
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<25 {
                            let hold = try await node.acquire(resource)
                            witness.enter()
                            tokens.add(hold.token)
                            await Task.yield()
                            witness.leave()
                            #expect(await node.store.release(hold) == .done)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(witness.entries == 400)
        #expect(witness.most <= permits)
        let seen = tokens.entries
        #expect(Set(seen).count == seen.count)
        // With one permit the order of entering is the order of tokens.
        if permits == 1 { #expect(seen == seen.sorted()) }
        let left = try await scene.server.cli("KEYS", "sluice:*")
        #expect(left == "sluice:{locks}:semaphore:s", "only the record stays")
        await scene.end()
    }

    @Test func `who came first is served first, across processes`() async throws {
        let scene = try await LockScene(3)
        // Signs of life come too rarely to help: only messages wake.
        let resource = try lock(lease: .seconds(1_800))
        let first = try await scene.nodes[0].acquire(resource)
        let order = Journal<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for turn in 0..<9 {
                let node = scene.nodes[(turn * 2) % 3]
                group.addTask {
                    let hold = try await node.acquire(resource)
                    order.add(turn)
                    _ = await node.store.release(hold)
                }
                try await scene.untilWaiting(turn + 1, for: resource)
            }
            _ = await scene.nodes[0].store.release(first)
            try await group.waitForAll()
        }
        #expect(order.entries == Array(0..<9))
        await scene.end()
    }

    @Test func `a holder that vanishes delays the next by no more than its lease`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock(lease: .seconds(10))
        let held = try await scene.nodes[0].acquire(resource)
        async let next = scene.nodes[1].acquire(resource)
        try await scene.untilWaiting(1, for: resource)
        await scene.nodes[0].vanish()
        let vanished = Instant.now
        let hold = try await next
        let delay = Instant.now.duration(since: vanished)
        // Nine seconds for a machine that stands still; another lease would be ten more.
        #expect(delay <= .seconds(19), "the lease is 10 s, and began before the holder vanished: \(delay)")
        #expect(hold.token > held.token)
        #expect(held.isLost, "the old holder was told")
        await scene.end()
    }

    @Test func `the holder is told before its lease ends`() async throws {
        let scene = try await LockScene(2)
        // It is told a fifth of the lease before the end: more than a machine stands still.
        let resource = try lock(lease: .seconds(30))
        let held = try await scene.nodes[0].acquire(resource)
        let told = Journal<Instant>()
        held.whenLost { told.add(.now) }
        async let next = scene.nodes[1].acquire(resource)
        try await scene.untilWaiting(1, for: resource)
        await scene.nodes[0].vanish()
        _ = try await next
        let taken = Instant.now
        let when = try #require(told.entries.first)
        #expect(when < taken)
        await scene.end()
    }

    @Test func `a lease is renewed for as long as its holder lives, and not after it let go`() async throws {
        let scene = try await LockScene(2)
        // Longer than a machine stands still: from one renewal to the loss are seven fifteenths of it.
        let resource = try lock(lease: .seconds(9))
        let held = try await scene.nodes[0].acquire(resource)
        // Another process waits for three leases in vain.
        let error = await #expect(throws: CoordinationError.self) {
            try await scene.nodes[1].store.acquire(resource, deadline: Instant.now.advanced(by: .seconds(27)))
        }
        #expect(error?.code == .permitTimeout)
        #expect(!held.isLost)
        #expect(await scene.nodes[0].store.release(held) == .done)
        #expect(await scene.nodes[0].store.counts == (0, 0))
        #expect(try await scene.server.cli("EXISTS", "sluice:{locks}:lock:a:holders") == "0")
        await scene.end()
    }

    @Test func `a dead waiter does not block those behind it`() async throws {
        let scene = try await LockScene(3)
        // The dead one, if it were served, would keep the permit for as long, and signs of life come too rarely to help.
        let resource = try lock(lease: .seconds(60))
        let held = try await scene.nodes[0].acquire(resource)
        let dead = Task { try await scene.nodes[1].acquire(resource) }
        try await scene.untilWaiting(1, for: resource)
        async let alive = scene.nodes[2].acquire(resource)
        try await scene.untilWaiting(2, for: resource)
        await scene.nodes[1].vanish()
        try await scene.until("the server has seen the dead one's connection end") {
            try await scene.server.cli("PUBSUB", "NUMSUB", scene.nodes[1].store.channel).hasSuffix("0")
        }
        let released = Instant.now
        #expect(await scene.nodes[0].store.release(held) == .done)
        _ = try await alive
        #expect(Instant.now.duration(since: released) < .seconds(10))
        dead.cancel()
        await scene.end()
    }

    @Test func `what nobody uses any more vanishes, though the last of the others was promoted in the same call`() async throws {
        let scene = try await LockScene(3)
        let resource = try lock("brief")
        let keys = ["", ":holders", ":waiters", ":leases"].map { "sluice:{locks}:lock:brief\($0)" }
        let hold = try await scene.nodes[0].acquire(resource)
        let next = Task { try await scene.nodes[1].acquire(resource) }
        try await eventually("the waiter") { try await scene.server.cli("ZCARD", keys[2]) == "1" }
        // Its holder is killed. So that nobody but the last one asks when its lease has ended, that of the holder ends now.
        await scene.nodes[0].vanish()
        try await scene.server.cli("ZADD", keys[1], "1", try await scene.server.cli("ZRANGE", keys[1], "0", "0"))
        let last = Task { try await scene.nodes[2].acquire(resource) }
        let second = try await next.value
        try await eventually("the last one in the queue") { try await scene.server.cli("ZCARD", keys[2]) == "1" }
        for key in keys { #expect(Int(try await scene.server.cli("PTTL", key)) ?? -1 > 0, "\(key) would stay for ever") }
        _ = await scene.nodes[1].store.release(second)
        _ = await scene.nodes[2].store.release(try await last.value)
        withExtendedLifetime(hold) {}
        await scene.end()
    }

    @Test func `a cancelled wish leaves the queue`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock()
        let held = try await scene.nodes[0].acquire(resource)
        let waiting = Task { try await scene.nodes[1].acquire(resource) }
        try await scene.untilWaiting(1, for: resource)
        waiting.cancel()
        await #expect { try await waiting.value } throws: { ($0 as? CoordinationError)?.code == .cancelled }
        try await scene.untilWaiting(0, for: resource)
        #expect(await scene.nodes[0].store.release(held) == .done)
        // It was not given to the one who left.
        #expect(try await scene.nodes[0].store.acquire(resource, aim: .try, deadline: .distantFuture) != nil)
        await scene.end()
    }

    @Test func `a wish ends by its deadline, and then leaves the queue`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock()
        let held = try await scene.nodes[0].acquire(resource)
        // Redis must have answered by then, or that is what the error says.
        let error = await #expect(throws: CoordinationError.self) {
            try await scene.nodes[1].store.acquire(resource, deadline: Instant.now.advanced(by: .seconds(15)))
        }
        #expect(error?.code == .permitTimeout)
        try await scene.untilWaiting(0, for: resource)
        #expect(await scene.nodes[0].store.release(held) == .done)
        await scene.end()
    }

    @Test func `try takes what is free and waits for nothing`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock()
        let far = Instant.now.advanced(by: .seconds(60))
        let held = try #require(try await scene.nodes[0].store.acquire(resource, aim: .try, deadline: far))
        #expect(try await scene.nodes[1].store.acquire(resource, aim: .try, deadline: far) == nil)
        #expect(try await scene.server.cli("EXISTS", "sluice:{locks}:lock:a:waiters") == "0")
        _ = await scene.nodes[0].store.release(held)
        #expect(try await scene.nodes[1].store.acquire(resource, aim: .try, deadline: far) != nil)
        await scene.end()
    }

    @Test func `only the owner releases, and only once`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock()
        let first = try await scene.nodes[0].acquire(resource)
        async let next = scene.nodes[1].acquire(resource)
        try await scene.untilWaiting(1, for: resource)
        #expect(await scene.nodes[0].store.release(first) == .done)
        let second = try await next
        // Its permit is another's now; giving it back again takes nothing from that one.
        #expect(await scene.nodes[0].store.release(first) == .again)
        #expect(try await scene.server.cli("ZRANGE", "sluice:{locks}:lock:a:holders", "0", "-1").contains("host:2:"))
        #expect(await scene.nodes[1].store.release(second) == .done)
        await scene.end()
    }

    @Test func `a semaphore with another number of permits is refused, naming both`() async throws {
        let scene = try await LockScene(2)
        let far = Instant.now.advanced(by: .seconds(60))
        #expect(try await scene.nodes[0].store.acquire(try semaphore(5), aim: .open, deadline: far) == nil)
        #expect(try await scene.nodes[1].store.acquire(try semaphore(5), aim: .open, deadline: far) == nil)
        for aim in [PermitRequest.Aim.open, .wait, .try] {
            let error = await #expect(throws: CoordinationError.self) {
                try await scene.nodes[1].store.acquire(try semaphore(3), aim: aim, deadline: far)
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("5 permits") == true && error?.message.contains("with 3") == true)
        }
        await scene.end()
    }
}

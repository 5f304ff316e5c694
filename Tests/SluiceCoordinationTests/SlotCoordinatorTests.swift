import SluiceCoordination
import SluiceLoop
import Testing

/// A node's coordinator with its shelf, and a ledger in memory.
@Suite(.timeLimit(.minutes(2))) struct SlotCoordinatorTests {
    private struct Scene {
        let loop = EventLoop(name: "coordinator")
        let ledger: InMemorySlotLedger
        let coordinator: SlotCoordinator

        /// - Parameter hold: how long a slot may wait, in µs; its request may take a tenth of a second.
        init(_ rules: MirrorRules, hold: Int64 = 2_000_000) async throws {
            ledger = InMemorySlotLedger(terms: try LedgerTerms(mirrors: [rules], hold: hold, requestTimeout: 100_000), loop: loop)
            coordinator = try SlotCoordinator(
                loop: loop, ledger: ledger, redis: nil, id: node("a"), keys: PoolKeys(pool: "p"), options: CoordinatorOptions())
            await coordinator.start(subscriber: nil)
        }

        /// Asks a hundred times a second, until slots have been within reach for a second.
        func becomeSteady() async throws {
            var inReach = 0
            while inReach < 100 {
                if let held = coordinator.takeAtOnce(now: .now) {
                    inReach += 1
                    _ = coordinator.giveBack(held, at: .now, .unknown)
                } else {
                    let slot = try await coordinator.acquire(deadline: .now.advanced(by: .seconds(30)))
                    await coordinator.finish(slot, .completed(.now))
                }
                try await Task.sleep(for: .milliseconds(8))
            }
        }

        /// A slot that is within reach; the shelf is bare for moments only.
        func take() async throws -> HeldSlot {
            while true {
                if let held = coordinator.takeAtOnce(now: .now) { return held }
                try await Task.sleep(for: .milliseconds(1))
            }
        }

        var counters: MirrorCounters { get async { await ledger.inspect().mirrors[0].counters } }

        func end() async {
            await coordinator.shutDown()
            await loop.shutDown()
        }
    }

    @Test func `what is taken off the shelf and given back there is settled, each slot once`() async throws {
        let scene = try await Scene(try MirrorRules(name: "m", limits: [RateLimit("100000/1s")]))
        try await scene.becomeSteady()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<2_000 {
                        guard let held = scene.coordinator.takeAtOnce(now: .now) else {
                            await Task.yield()
                            continue
                        }
                        _ = scene.coordinator.giveBack(held, at: .now, .answered(latency: nil))
                    }
                }
            }
        }
        let figures = await scene.coordinator.snapshot
        #expect(figures.inFlight == 0)
        await scene.coordinator.shutDown()
        let counters = await scene.counters
        #expect(counters.settled == figures.granted, "what was given is told as completed")
        #expect(counters.granted == counters.settled + counters.unsent && counters.expired == 0, "and the rest as unsent")
        await scene.end()
    }

    @Test func `a slot off the shelf that is held for longer than the ledger would wait is renewed`() async throws {
        let scene = try await Scene(try MirrorRules(name: "m", limits: [RateLimit("100000/1s")]), hold: 1_500_000)
        try await scene.becomeSteady()
        let held = try await scene.take()
        // Unless it is renewed, it is given up after 2.6 seconds.
        try await Task.sleep(for: .seconds(5))
        _ = scene.coordinator.giveBack(held, at: .now, .unknown)
        let granted = await scene.coordinator.snapshot.granted
        await scene.coordinator.shutDown()
        let counters = await scene.counters
        #expect(counters.expired == 0 && counters.settled == granted)
        await scene.end()
    }

    @Test func `where one request at a time is allowed, the end of each is known at once`() async throws {
        let scene = try await Scene(try MirrorRules(name: "m", limits: [RateLimit("100000/1s")], concurrency: 1))
        let start = ContinuousClock.now
        for _ in 0..<100 {
            let slot = try await scene.coordinator.acquire(deadline: .now.advanced(by: .seconds(30)))
            let held = await scene.coordinator.hold(slot)
            _ = scene.coordinator.giveBack(held, at: .now, .unknown)
        }
        // Some 10 ms each would be a second, and a quarter of a second each half a minute.
        #expect(ContinuousClock.now - start < .seconds(10))
        await scene.end()
    }
}

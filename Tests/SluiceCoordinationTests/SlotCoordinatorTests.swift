import SluiceCoordination
import SluiceHarness
import SluiceLoop
import Testing

/// A node's coordinator with its shelf, and a ledger in memory.
@Suite(.timeLimit(.minutes(10))) struct SlotCoordinatorTests {
    private struct Scene {
        let loop = EventLoop(name: "coordinator")
        let ledger: InMemorySlotLedger
        let coordinator: SlotCoordinator

        /// - Parameters:
        ///   - concurrency: how many requests may be under way.
        ///   - shelfPause: until it looks at leisure, in microseconds.
        ///   - hold: without a word of its node a slot is given up so long and two seconds after its grant, in microseconds.
        init(concurrency: Int64? = nil, shelfPause: Int64? = nil, hold: Int64 = 15_000_000) async throws {
            let rules = try MirrorRules(name: "m", limits: [RateLimit("100000/1s")], concurrency: concurrency)
            ledger = InMemorySlotLedger(terms: try LedgerTerms(mirrors: [rules], hold: hold, requestTimeout: 1_000_000), loop: loop)
            var options = CoordinatorOptions()
            if let shelfPause { options.shelfPause = shelfPause }
            coordinator = try SlotCoordinator(
                loop: loop, ledger: ledger, redis: nil, id: node("a"), keys: PoolKeys(pool: "p"), options: options)
            await coordinator.start(subscriber: nil)
        }

        /// Asks a hundred times a second, until slots have been within reach for a second.
        func becomeSteady() async throws {
            for _ in 0..<100 {
                _ = coordinator.giveBack(try await take(), at: .now, .unknown)
                try await Task.sleep(for: .milliseconds(8))
            }
        }

        /// A slot that is within reach, after as many others as it takes.
        func take() async throws -> HeldSlot {
            while true {
                if let held = coordinator.takeAtOnce(now: .now) { return held }
                _ = coordinator.giveBack(try await claim(), at: .now, .unknown)
                try await Task.sleep(for: .milliseconds(8))
            }
        }

        /// A slot that was waited for.
        func claim() async throws -> HeldSlot {
            let slot = try await coordinator.acquire(deadline: .now.advanced(by: .seconds(30)))
            return await coordinator.hold(slot)
        }

        var counters: MirrorCounters { get async { await ledger.inspect().mirrors[0].counters } }

        func end() async {
            await coordinator.shutDown()
            await loop.shutDown()
        }
    }

    @Test func `what is taken off the shelf and given back there is settled, each slot once`() async throws {
        let scene = try await Scene()
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

    @Test(arguments: [true, false])
    func `a slot that is held for longer than the ledger would wait is renewed, off the shelf or waited for`(_ isWithinReach: Bool)
        async throws
    {
        let scene = try await Scene(hold: 7_000_000)
        if isWithinReach { try await scene.becomeSteady() }
        let held = isWithinReach ? try await scene.take() : try await scene.claim()
        try await Task.sleep(for: .seconds(12))
        _ = scene.coordinator.giveBack(held, at: .now, .unknown)
        let granted = await scene.coordinator.snapshot.granted
        await scene.coordinator.shutDown()
        let counters = await scene.counters
        #expect(counters.expired == 0 && counters.settled == granted)
        await scene.end()
    }

    @Test(arguments: [true, false])
    func `where requests under way are capped, the end of each is known at once, off the shelf or waited for`(_ isWithinReach: Bool)
        async throws
    {
        let scene = try await Scene(concurrency: 1_000, shelfPause: 5_000_000)
        if isWithinReach { try await scene.becomeSteady() }
        var times: [Duration] = []
        for _ in 0..<21 {
            let held = isWithinReach ? try await scene.take() : try await scene.claim()
            // Until what ended before is known.
            try await Task.sleep(for: .milliseconds(50))
            let (start, settled) = (ContinuousClock.now, await scene.counters.settled)
            _ = scene.coordinator.giveBack(held, at: .now, .unknown)
            try await eventually("the slot's end") { await scene.counters.settled != settled }
            times.append(ContinuousClock.now - start)
        }
        // Who looks at leisure learns of most when held slots are next renewed, a fifth of a second later.
        // A busy machine may make anybody late at times.
        #expect(times.sorted()[4] < .milliseconds(100))
        await scene.end()
    }
}

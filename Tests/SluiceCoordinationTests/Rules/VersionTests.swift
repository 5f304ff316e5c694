import SluiceCoordination
import SluiceHarness
import SluiceLoop
import SluiceRedis
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Nodes of another protocol version` {
    /// One node of a pool, in its own version.
    private struct Member {
        let client: RedisClient
        let subscriber: RedisSubscriber
        let coordinator: SlotCoordinator

        init(_ name: String, at server: RedisServer, on loop: EventLoop, version: Int64, log: @escaping @Sendable (String) -> Void)
            async throws
        {
            let endpoint = try RedisEndpoint(url: server.url)
            let keys = PoolKeys(pool: "versions")
            client = RedisClient(endpoint: endpoint, loop: loop, options: .patient)
            let ledger = RedisSlotLedger(client: client, pool: keys, terms: terms(mirror("a", "1000/1s")), version: version)
            let coordinator = try SlotCoordinator(
                loop: loop, ledger: ledger, redis: client, id: node(name), keys: keys, options: CoordinatorOptions(), log: log)
            self.coordinator = coordinator
            subscriber = RedisSubscriber(endpoint: endpoint, loop: loop, options: .patient, trackingPrefix: nil) { event in
                coordinator.assumeIsolated { $0.received(event) }
            }
            await client.start()
            await subscriber.start()
            await coordinator.start(subscriber: subscriber)
        }

        func take() async -> Result<Slot, CoordinationError> {
            do throws(CoordinationError) {
                let slot = try await coordinator.acquire(deadline: .now.advanced(by: .seconds(20)))
                await coordinator.finish(slot, .completed(.now))
                return .success(slot)
            } catch {
                return .failure(error)
            }
        }

        func leave() async {
            await coordinator.shutDown()
            await subscriber.shutDown()
            await client.shutDown()
        }
    }

    @Test func `a newcomer of another version is refused clearly, leads nobody, and those who were there go on`() async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "versions")
        let said = Mutex<[String]>([])
        let old = try await Member("old", at: server, on: loop, version: 2) { _ in }
        #expect((try? await old.take().get()) != nil)
        let new = try await Member("new", at: server, on: loop, version: 3) { sentence in said.withLock { $0.append(sentence) } }
        for _ in 0..<3 {
            let began = Instant.now
            guard case .failure(let error) = await new.take() else {
                Issue.record("a node of another version got a slot")
                break
            }
            #expect(error.code == .incompatibleVersion)
            #expect(error.message.contains("the pool's processes speak version 2"))
            #expect(error.message.contains("Run the same release of Sluice in all processes of the pool"))
            #expect(error.retryAfter != nil)
            #expect(Instant.now.duration(since: began) < .seconds(10), "at once, not at its deadline")
            #expect((try? await old.take().get()) != nil)
        }
        #expect(said.withLock { $0.count } == 1)
        await old.leave()
        // Nobody of the old version is left, but its ledger is: a newcomer neither uses nor replaces it.
        guard case .failure = await new.take() else {
            Issue.record("a node of another version got a slot")
            return
        }
        #expect(try await server.cli("EXISTS", "sluice:{versions}:leader") == "0")
        #expect(try await server.cli("HGET", "sluice:{versions}:ledger", "protocol") == "2")
        await new.leave()
        await server.stop()
        await loop.shutDown()
    }

    @Test func `a node that is overtaken while it leads is refused too, and comes back when its version is back`() async throws {
        let server = try await RedisServer()
        let loop = EventLoop(name: "versions")
        let one = try await Member("one", at: server, on: loop, version: LedgerProtocol.version) { _ in }
        #expect((try? await one.take().get()) != nil)
        let ledger = "sluice:{versions}:ledger"
        try await server.cli("HSET", ledger, "protocol", "7")
        guard case .failure(let error) = await one.take() else {
            Issue.record("a ledger of another version gave a slot")
            return
        }
        #expect(error.code == .incompatibleVersion)
        #expect(error.message.contains("version 7"))
        try await server.cli("HSET", ledger, "protocol", "\(LedgerProtocol.version)")
        let limit = Instant.now.advanced(by: .seconds(60))
        while (try? await one.take().get()) == nil, Instant.now < limit {
            try await loop.sleep(until: .now.advanced(by: .milliseconds(200)))
        }
        #expect(Instant.now < limit)
        await one.leave()
        await server.stop()
        await loop.shutDown()
    }
}

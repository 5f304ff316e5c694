import SluiceCoordination
import SluiceHarness
import SluiceLoop
import Testing

/// A fencing token never goes back for anybody who remembers one.
@Suite(.timeLimit(.minutes(10))) struct `Fencing tokens` {
    private static let record = "sluice:{locks}:lock:a"

    /// As if the server's clock had been ahead by years when the lock was first given.
    private func jump(_ scene: LockScene) async throws {
        try await scene.server.cli("HSET", Self.record, "permits", "1", "token", "9000000000000000", "origin", "1")
    }

    @Test func `when the data is lost and the clock is far behind, who remembers a token is given a higher one`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock()
        try await jump(scene)
        let old = try await scene.nodes[0].acquire(resource)
        #expect(old.token > 9_000_000_000_000_000)
        #expect(await scene.nodes[0].store.release(old) == .done)
        try await scene.server.cli("FLUSHALL")
        let new = try await scene.nodes[0].acquire(resource)
        #expect(new.token > old.token)
        #expect(await scene.nodes[0].store.release(new) == .done)
        await scene.end()
    }

    @Test func `one who remembers teaches all others, though it only waits`() async throws {
        let scene = try await LockScene(3)
        let resource = try lock()
        try await jump(scene)
        let old = try await scene.nodes[0].acquire(resource)
        #expect(await scene.nodes[0].store.release(old) == .done)
        try await scene.server.cli("FLUSHALL")
        // A newcomer gets what the clock says: whoever saw the old token refuses it.
        let newcomer = try await scene.nodes[1].acquire(resource)
        #expect(newcomer.token < old.token)
        let second = Task { try await scene.nodes[2].acquire(resource) }
        try await scene.untilWaiting(1, for: resource)
        let wanting = Task { try await scene.nodes[0].acquire(resource) }
        try await scene.untilWaiting(2, for: resource)
        // Neither the one who gives it back nor the one who is next has ever seen the old token.
        #expect(await scene.nodes[1].store.release(newcomer) == .done)
        let next = try await second.value
        #expect(next.token > old.token)
        #expect(await scene.nodes[2].store.release(next) == .done)
        #expect(try await wanting.value.token > next.token)
        await scene.end()
    }

    @Test func `a holder whose lock was given to one who does not remember is refused, and teaches the next`() async throws {
        let scene = try await LockScene(3)
        // The newcomer must ask before the holder's next renewal, a third of the lease away.
        let resource = try lock(lease: .seconds(60))
        try await jump(scene)
        let old = try await scene.nodes[0].acquire(resource)
        try await scene.server.cli("FLUSHALL")
        let newcomer = try await scene.nodes[1].acquire(resource)
        try await scene.until("the old holder is told that it lost") { old.isLost }
        #expect(await scene.nodes[1].store.release(newcomer) == .done)
        #expect(try await scene.nodes[2].acquire(resource).token > old.token)
        await scene.end()
    }

    @Test func `data that is set back: its holder keeps its place, and tokens go on above`() async throws {
        let scene = try await LockScene(2)
        let resource = try lock(lease: .seconds(30))
        #expect(await scene.nodes[0].store.release(try await scene.nodes[0].acquire(resource)) == .done)
        try await scene.server.cli("SAVE")
        // What follows is lost, as with a replica that missed the last writes.
        let held = try await scene.nodes[0].acquire(resource)
        await scene.server.kill()
        try await scene.server.start()
        try await scene.until("the holder's place is restored") {
            try await scene.server.cli("EXISTS", "\(Self.record):holders") == "1"
        }
        #expect(!held.isLost)
        async let next = scene.nodes[1].acquire(resource)
        try await scene.untilWaiting(1, for: resource)
        #expect(await scene.nodes[0].store.release(held) == .done)
        #expect(try await next.token > held.token)
        await scene.end()
    }

    @Test func `holders of a semaphore all get their places back when the data is set back`() async throws {
        let scene = try await LockScene(1)
        let resource = try semaphore(3, lease: .seconds(30))
        let first = try await scene.nodes[0].acquire(resource)
        try await scene.server.cli("SAVE")
        let others = [try await scene.nodes[0].acquire(resource), try await scene.nodes[0].acquire(resource)]
        await scene.server.kill()
        try await scene.server.start()
        try await scene.until("three hold") { try await scene.server.cli("ZCARD", "sluice:{locks}:semaphore:s:holders") == "3" }
        for permit in [first] + others { #expect(await scene.nodes[0].store.release(permit) == .done) }
        await scene.end()
    }
}

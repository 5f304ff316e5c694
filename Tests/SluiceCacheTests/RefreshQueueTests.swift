import SluiceLoop
import Testing

@testable import SluiceCache

@Suite struct RefreshQueueTests {
    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: 1_000_000_000 + seconds * 1_000_000) }

    private func candidate(_ path: String, hits: Int, born: Int64 = 0, ends: Int64 = 100, isStale: Bool = false) throws
        -> RefreshQueue.Candidate
    {
        .init(key: try CacheKey(target: path), version: "1", hits: hits, bornAt: at(born), freshUntil: at(ends), isStale: isStale)
    }

    private func order(_ queue: RefreshQueue, at now: Instant) -> [String] {
        var queue = queue
        var order: [String] = []
        while let next = queue.popWorthiest(now: now) { order.append(next.key.target) }
        return order
    }

    @Test func `the first to be refreshed is what many ask for, and among equals what has the least life left`() throws {
        var queue = RefreshQueue()
        for one in [
            try candidate("/few", hits: 2), try candidate("/many", hits: 50), try candidate("/old", hits: 10, born: -100, ends: 91),
            try candidate("/young", hits: 10, born: 60, ends: 200),
        ] { queue.insert(one, now: at(90)) }
        #expect(order(queue, at: at(90)) == ["/many", "/old", "/young", "/few"])
    }

    @Test func `what ended while it waited is dropped, unless somebody was served it stale`() throws {
        var queue = RefreshQueue()
        queue.insert(try candidate("/forgotten", hits: 9), now: at(90))
        queue.insert(try candidate("/wanted", hits: 1, isStale: true), now: at(90))
        #expect(order(queue, at: at(101)) == ["/wanted"])
    }

    @Test func `a full queue keeps the worthiest`() throws {
        var queue = RefreshQueue()
        for number in 0..<RefreshQueue.limit { queue.insert(try candidate("/\(number)", hits: 10), now: at(90)) }
        queue.insert(try candidate("/less", hits: 2), now: at(90))
        queue.insert(try candidate("/more", hits: 99), now: at(90))
        #expect(queue.count == RefreshQueue.limit)
        let order = order(queue, at: at(90))
        #expect(order.first == "/more" && !order.contains("/less"))
    }

    @Test func `after each refusal the next slot is asked for later, up to a second, and soon again once there was one`() {
        var gate = RefreshGate()
        var now = at(0)
        var pauses: [Int64] = []
        for _ in 0..<7 {
            gate.refused(at: now)
            pauses.append(gate.opensAt.microseconds(since: now) / 1_000)
            now = gate.opensAt
        }
        #expect(pauses == [50, 100, 200, 400, 800, 1_000, 1_000])
        gate.granted()
        gate.refused(at: now)
        #expect(gate.opensAt.microseconds(since: now) == 50_000)
    }
}

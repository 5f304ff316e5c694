import SluiceCoordination
import SluiceLoop
import Testing

@Suite struct NodeQueueTests {
    private let start = Instant(microseconds: 0)
    private let late = Instant(microseconds: 3_600_000_000)

    private func at(_ milliseconds: Int64) -> Instant { start.advanced(byMicroseconds: milliseconds * 1_000) }

    private func waiter(
        _ id: UInt64, _ priority: SlotPriority = .normal, deadline: Instant? = nil, at arrival: Instant? = nil, avoids: Set<Int> = []
    ) -> Waiter {
        Waiter(id: id, priority: priority, deadline: deadline ?? late, arrivedAt: arrival ?? start, avoids: avoids)
    }

    private func key(_ number: Int64) -> GrantKey { GrantKey(life: 0, number: number) }

    @Test func `slots go by priority, then deadline, then arrival`() {
        var queue = NodeQueue()
        queue.join(waiter(1, .low))
        queue.join(waiter(2))
        queue.join(waiter(3, deadline: at(500)))
        queue.join(waiter(4, .high))
        queue.receive(mirror: 0, grant: key(1), count: 4, sendBy: at(2_000), now: start)
        #expect(queue.matches(now: at(1)).map(\.waiter.id) == [4, 3, 2, 1])
    }

    @Test func `whoever waits ten seconds moves up a step`() {
        var queue = NodeQueue()
        queue.join(waiter(1, .low))
        queue.join(waiter(2, .normal, at: at(19_000)))
        queue.join(waiter(3, .high, deadline: Instant(microseconds: 9_000_000_000), at: at(20_000)))
        queue.receive(mirror: 0, grant: key(1), count: 3, sendBy: at(30_000), now: at(20_001))
        // After twenty seconds the low one is as urgent as the high one, and its deadline is earlier.
        #expect(queue.matches(now: at(20_001)).map(\.waiter.id) == [1, 3, 2])
    }

    @Test func `a cancelled waiter gives its place up, and a late slot is not given`() {
        var queue = NodeQueue()
        queue.join(waiter(1))
        queue.join(waiter(2))
        let (first, second) = (queue.leave(1), queue.leave(1))
        #expect(first && !second)
        queue.receive(mirror: 0, grant: key(1), count: 1, sendBy: at(5), now: start)
        #expect(queue.matches(now: at(5)).isEmpty)
        #expect(queue.surplus(now: at(5)).map(\.count) == [1])
        #expect(queue.unmet == 1)
    }

    @Test func `a waiter gets another mirror than the one it avoids when there is one, and that one otherwise`() {
        var queue = NodeQueue()
        queue.receive(mirror: 0, grant: key(1), count: 1, sendBy: at(2_000), now: start)
        queue.receive(mirror: 1, grant: key(2), count: 1, sendBy: at(2_000), now: start)
        queue.join(waiter(1, avoids: [0]))
        #expect(queue.matches(now: start).map(\.slot.mirror) == [1])
        queue.join(waiter(2, avoids: [0]))
        #expect(queue.matches(now: start).map(\.slot.mirror) == [0])
    }

    @Test func `a slot that nobody wants goes back after a few milliseconds, a wanted one stays`() {
        var queue = NodeQueue()
        queue.receive(mirror: 0, grant: key(1), count: 3, sendBy: at(2_000), now: start)
        #expect(queue.surplus(now: at(3)).isEmpty)
        #expect(queue.nextStep() == at(4))
        #expect(queue.surplus(now: at(4)).map(\.count) == [3])
        #expect(queue.inHand == 0)
    }

    @Test func `deadlines end waits in time, whatever the priority`() {
        var queue = NodeQueue()
        queue.join(waiter(1, .low, deadline: at(10)))
        queue.join(waiter(2, .high, deadline: at(20)))
        #expect(queue.nextStep() == at(10))
        #expect(queue.expired(now: at(10)).map(\.id) == [1])
        #expect(queue.nextStep() == at(20))
        #expect(queue.expired(now: at(20)).map(\.id) == [2])
        #expect(queue.nextStep() == nil)
    }

    @Test func `ten thousand waiters come out in order`() {
        var queue = NodeQueue()
        var random = SystemRandomNumberGenerator()
        var expected: [(Int64, UInt64)] = []
        for id in 1...10_000 as ClosedRange<UInt64> {
            let deadline = Int64.random(in: 1_000...1_000_000, using: &random)
            expected.append((deadline, id))
            queue.join(waiter(id, deadline: at(deadline)))
        }
        for id in stride(from: UInt64(1), through: 10_000, by: 3) { _ = queue.leave(id) }
        expected.removeAll { $0.1 % 3 == 1 }
        expected.sort { $0 < $1 }
        queue.receive(mirror: 0, grant: key(1), count: 10_000, sendBy: at(500), now: start)
        #expect(queue.matches(now: start).map(\.waiter.id) == expected.map(\.1))
    }
}

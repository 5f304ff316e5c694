import SluiceLoop
import Testing

@testable import SluiceRedis

struct CommandQueueTests {
    private let error = RedisError(.connectionLost, "lost")
    private let unsent = RedisError(.connectionChanged, "not sent")

    private func add(_ name: String, deadline: Int64, idempotent: Bool = false, isBound: Bool = false, to queue: inout CommandQueue) {
        let start = queue.output.bytes.count
        queue.output.append(command: [name])
        let bytes = Array(queue.output.bytes[start...])
        queue.append(
            PendingCommand(
                reply: .ignored, isBound: isBound, deadline: Instant(microseconds: deadline), length: bytes.count,
                again: idempotent ? bytes : nil))
    }

    private func sends(_ names: [String]) -> [UInt8] {
        var encoder = CommandEncoder()
        for name in names { encoder.append(command: [name]) }
        return encoder.bytes
    }

    @Test func `replies go to who was sent first, and to nobody else`() {
        var queue = CommandQueue()
        for index in 0..<100 { add("c", deadline: Int64(index), to: &queue) }
        let early = queue.takeReplied()
        #expect(early == nil)
        queue.markSent()
        for index in 0..<100 {
            let command = queue.takeReplied()
            #expect(command?.deadline == Instant(microseconds: Int64(index)))
        }
        let late = queue.takeReplied()
        #expect(late == nil)
    }

    @Test func `a crowd in step is parted, so that the server works on one half while the other comes`() {
        var queue = CommandQueue()
        func ask(_ count: Int) { for index in 0..<count { add("c", deadline: Int64(index), to: &queue) } }
        func answer(_ count: Int) { for _ in 0..<count { _ = queue.takeReplied() } }
        ask(50)
        #expect(!queue.deservesHeadStart, "nobody knows of a crowd yet")
        queue.markSent()
        answer(50)
        ask(24)
        #expect(!queue.deservesHeadStart)
        ask(1)
        #expect(queue.deservesHeadStart)
        queue.markSent()
        ask(25)
        #expect(!queue.deservesHeadStart, "the server is at work")
        queue.markSent()
        answer(25)
        ask(25)
        #expect(!queue.deservesHeadStart, "the server is at work")
        answer(25)
        #expect(queue.deservesHeadStart)
    }

    @Test func `a small crowd stays together`() {
        var queue = CommandQueue()
        for _ in 0..<3 {
            for index in 0..<2 * CommandQueue.minimumHeadStart - 1 {
                add("c", deadline: Int64(index), to: &queue)
                #expect(!queue.deservesHeadStart)
            }
            queue.markSent()
            while queue.takeReplied() != nil {}
        }
    }

    @Test func `after a loss the idempotent go first, the unsent follow, the others are told`() {
        var queue = CommandQueue()
        add("a", deadline: 10, to: &queue)
        add("b", deadline: 11, idempotent: true, to: &queue)
        add("late", deadline: 5, idempotent: true, to: &queue)
        queue.markSent()
        queue.output.bytes.removeAll()
        add("c", deadline: 12, to: &queue)
        let told = queue.connectionLost(error, unsent: unsent, at: Instant(microseconds: 6))
        #expect(told.map { $0.0.deadline.microseconds } == [10, 5])
        #expect(queue.output.bytes == sends(["b", "c"]))
        #expect(queue.unsentCount == 2)
    }

    @Test func `what is bound to a connection ends with it, and whether it was sent is known`() {
        var queue = CommandQueue()
        add("a", deadline: 10, idempotent: true, to: &queue)
        add("sent", deadline: 11, idempotent: true, isBound: true, to: &queue)
        queue.markSent()
        queue.output.bytes.removeAll()
        for index in 0..<4 {
            add("bound\(index)", deadline: Int64(20 + 2 * index), isBound: true, to: &queue)
            add("free\(index)", deadline: Int64(21 + 2 * index), to: &queue)
        }
        let told = queue.connectionLost(error, unsent: unsent, at: Instant(microseconds: 6))
        #expect(told.map { $0.0.deadline.microseconds } == [11, 20, 22, 24, 26])
        #expect(told.map { $0.1.isCertainlyNotExecuted } == [false, true, true, true, true])
        #expect(queue.output.bytes == sends(["a", "free0", "free1", "free2", "free3"]))
        #expect(queue.unsentCount == 5)
        queue.markSent()
        queue.output.bytes.removeAll()
        var answered: [Int64] = []
        while let command = queue.takeReplied() { answered.append(command.deadline.microseconds) }
        #expect(answered == [10, 21, 23, 25, 27])
    }

    @Test func `what a command is bound to costs it no memory`() {
        struct Unbound {
            var reply: PendingCommand.Reply
            var deadline: Instant
            var length: Int
            var again: [UInt8]?
        }
        #expect(MemoryLayout<PendingCommand>.stride == MemoryLayout<Unbound>.stride)
    }

    @Test func `expired commands leave with their bytes`() {
        var queue = CommandQueue()
        for index in 0..<20 { add("c\(index)", deadline: Int64(index), to: &queue) }
        let expired = queue.takeExpired(at: Instant(microseconds: 14), error)
        #expect(expired.count == 15)
        #expect(queue.output.bytes == sends((15..<20).map { "c\($0)" }))
    }

    @Test func `while something is sent only that is overdue`() {
        var queue = CommandQueue()
        add("a", deadline: 1, to: &queue)
        queue.markSent()
        queue.output.bytes.removeAll()
        add("b", deadline: 1, to: &queue)
        let expired = queue.takeExpired(at: Instant(microseconds: 2), error)
        let overdue = queue.takeOverdue(at: Instant(microseconds: 2), error)
        #expect(expired.isEmpty && overdue.count == 1 && queue.unsentCount == 1)
    }

    @Test func `a standing error takes the unsent and leaves the sent`() {
        var queue = CommandQueue()
        add("a", deadline: 1, to: &queue)
        queue.markSent()
        queue.output.bytes.removeAll()
        add("b", deadline: 1, to: &queue)
        let taken = queue.takeAll(error, sentToo: false)
        let reply = queue.takeReplied()
        #expect(taken.count == 1 && reply != nil && queue.isEmpty)
    }

    @Test func `the ring keeps its order while it grows and turns`() {
        var ring = FIFO<Int>()
        var (next, expected) = (0, 0)
        for round in 0..<200 {
            for _ in 0..<Int.random(in: 0...round) {
                ring.append(next)
                next += 1
            }
            for _ in 0..<Int.random(in: 0...round) {
                guard let value = ring.popFirst() else { break }
                #expect(value == expected)
                expected += 1
            }
        }
        #expect(ring.count == next - expected)
    }
}

import SluiceLoop
import Testing

@testable import SluiceCache

/// Callers of one flight who bear answers of different ages.
@Suite(.timeLimit(.minutes(10)))
struct FlightRecencyTests {
    private static let now = Instant(microseconds: 1_000_000)
    private static let deadline = now.advanced(byMicroseconds: 100_000_000)

    private var flight = Flight(timing: .init(lease: 3_000_000))

    /// A caller who takes what a mirror gave at most so many microseconds ago as fresh, and so many more as stale.
    private mutating func join(_ waiter: UInt64, _ span: Int64? = nil, andStale more: Int64 = 0) -> [FlightEffect] {
        let recency = span.map {
            Recency(fresh: Self.now.advanced(byMicroseconds: -$0), stale: Self.now.advanced(byMicroseconds: -$0 - more))
        }
        return flight.handle(
            .joined(waiter: waiter, deadline: Self.deadline, recency: recency ?? .any), now: Self.now, canHear: true)
    }

    /// What a lookup brought: a record that a mirror gave so many microseconds ago.
    private mutating func lookedUp(_ reply: LookupReply, _ attempt: UInt64 = 1, old: Int64) -> [FlightEffect] {
        flight.handle(
            .lookedUp(attempt: attempt, reply), now: Self.now, canHear: true, receivedAt: Self.now.advanced(byMicroseconds: -old))
    }

    @Test mutating func `the lookup asks for what will do for all, and who has left counts no more`() {
        #expect(join(1) == [.lookUp(attempt: 1)] && flight.freshSince == nil)
        _ = join(2, 500)
        _ = join(3, 200)
        #expect(flight.freshSince == Self.now.advanced(byMicroseconds: -200))
        _ = flight.handle(.left(waiter: 3), now: Self.now, canHear: true)
        #expect(flight.freshSince == Self.now.advanced(byMicroseconds: -500))
        #expect(lookedUp(.fresh, old: 100) == [.answer([1, 2], .record), .end])
    }

    @Test mutating func `who comes with less patience for age while Redis is asked has it asked again`() {
        _ = join(1)
        _ = join(2, 500)
        _ = join(3, 200)
        #expect(lookedUp(.fresh, old: 300) == [.answer([1, 2], .record), .lookUp(attempt: 2)])
        #expect(lookedUp(.fresh, 2, old: 300) == [.answer([3], .record), .end], "Redis' word, asked for all, ends it")
    }

    @Test mutating func `a record that is fresh, but not to all, is given to the others, and one fetch is for the rest`() {
        _ = join(1)
        _ = join(2, 500)
        _ = join(3, 200, andStale: 200)
        _ = join(4, 100)
        #expect(
            lookedUp(.takenAhead, old: 300)
                == [.answer([1, 2], .record), .answer([3], .stale), .fetch(attempt: 1, deadline: Self.deadline, isRefresh: false)])
        #expect(flight.handle(.fetched(attempt: 1, .storable), now: Self.now, canHear: true) == [.fill(attempt: 1)])
        #expect(flight.handle(.filled(attempt: 1, isAccepted: true), now: Self.now, canHear: true) == [.answer([4], .fetched), .end])
    }

    @Test mutating func `who joins a fetch and bears nothing older looks when it is done: its answer may have come before him`() {
        _ = join(1)
        _ = lookedUp(.taken(servable: false), old: 0)
        #expect(join(2, 0) == [] && join(3) == [])
        #expect(flight.handle(.fetched(attempt: 1, .storable), now: Self.now, canHear: true) == [.fill(attempt: 1)])
        #expect(join(4, 0) == [])
        #expect(
            flight.handle(.filled(attempt: 1, isAccepted: true), now: Self.now, canHear: true)
                == [.answer([1, 3], .fetched), .lookUp(attempt: 2)])
    }

    @Test(
        arguments: [(300, [.answer([1], .fetched), .lookUp(attempt: 2)]), (100, [.answer([1, 2], .fetched), .end])]
            as [(Int64, [FlightEffect])])
    mutating func `who joins a fetch whose answer is not kept is given it if it is young enough`(old: Int64, expected: [FlightEffect]) {
        _ = join(1)
        _ = lookedUp(.declined(servable: false), old: 0)
        #expect(join(2, 200) == [])
        let receivedAt = Self.now.advanced(byMicroseconds: -old)
        let effects = flight.handle(.fetched(attempt: 1, .unstorable), now: Self.now, canHear: true, receivedAt: receivedAt)
        #expect(effects == expected)
    }

    @Test mutating func `where nobody is left to wait, what was served as stale is refreshed with a slot that nobody wants`() {
        _ = join(1, 200, andStale: 200)
        #expect(
            lookedUp(.takenAhead, old: 300)
                == [.answer([1], .stale), .fetch(attempt: 1, deadline: Self.deadline, isRefresh: true)])
    }

    @Test mutating func `a flight that turns out to be wanted by nobody is given back`() {
        _ = join(1, 500)
        #expect(lookedUp(.takenAhead, old: 300) == [.abandon(attempt: 1), .answer([1], .record), .end])
    }

    @Test mutating func `while another process fetches anew, only those wait to whom the record is too old`() {
        _ = join(1)
        _ = join(2, 200)
        #expect(lookedUp(.heldAhead(leaseMicroseconds: 1_000_000), old: 300) == [.answer([1], .record)])
        #expect(flight.handle(.invalidated, now: Self.now, canHear: true) == [.lookUp(attempt: 2)])
        #expect(lookedUp(.fresh, 2, old: 0) == [.answer([2], .record), .end])
    }

    @Test mutating func `what is stale is served only to those who bear it`() {
        _ = join(1)
        _ = join(2, 200)
        _ = join(3, 200, andStale: 500)
        #expect(
            lookedUp(.taken(servable: true), old: 300)
                == [.answer([1, 3], .stale), .fetch(attempt: 1, deadline: Self.deadline, isRefresh: false)])
    }

    @Test mutating func `when mirrors fail, all get what there is`() {
        _ = join(1, 200)
        _ = lookedUp(.takenAhead, old: 300)
        #expect(
            flight.handle(.fetched(attempt: 1, .failed(deadlineBound: false, servable: true)), now: Self.now, canHear: true)
                == [.abandon(attempt: 1), .answer([1], .stale), .end])
    }
}

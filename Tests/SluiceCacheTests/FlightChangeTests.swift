import SluiceLoop
import Testing

@testable import SluiceCache

/// A change is heard of while an answer from before it is fetched or stored: whoever calls after that must not get that answer.
@Suite(.timeLimit(.minutes(10))) struct FlightChangeTests {
    private let now = Instant(microseconds: 1_000)
    private func at(seconds: Int64) -> Instant { now.advanced(byMicroseconds: seconds * 1_000_000) }

    /// A flight whose first caller waits for a fetch.
    private func fetching() -> Flight {
        var flight = Flight(timing: .init(lease: 30_000_000))
        _ = flight.handle(.joined(waiter: 1, deadline: at(seconds: 100)), now: now, canHear: true)
        _ = flight.handle(.lookedUp(attempt: 1, .taken(servable: false)), now: now, canHear: true)
        return flight
    }

    @Test(arguments: [(false, nil), (true, nil), (false, true), (true, true)] as [(Bool, Bool?)])
    func `who calls after a change was heard looks again, whatever came of storing the answer`(whileStored: Bool, isAccepted: Bool?) {
        var flight = fetching()
        func hear() { _ = flight.handle(.invalidated, now: now, canHear: true) }
        if !whileStored { hear() }
        #expect(flight.handle(.fetched(attempt: 1, .storable), now: now, canHear: true) == [.fill(attempt: 1)])
        if whileStored { hear() }
        #expect(flight.handle(.joined(waiter: 2, deadline: at(seconds: 100)), now: now, canHear: true) == [])
        let effects = flight.handle(.filled(attempt: 1, isAccepted: isAccepted), now: now, canHear: true)
        #expect(effects == [.answer([1], .fetched), .lookUp(attempt: 2)])
        #expect(flight.handle(.lookedUp(attempt: 2, .fresh), now: now, canHear: true) == [.answer([2], .record), .end])
    }

    @Test func `at the deadline who called before the change gets the answer, who called after it an error`() {
        var flight = fetching()
        _ = flight.handle(.fetched(attempt: 1, .storable), now: now, canHear: true)
        _ = flight.handle(.invalidated, now: now, canHear: true)
        _ = flight.handle(.joined(waiter: 2, deadline: at(seconds: 100)), now: now, canHear: true)
        let effects = flight.handle(.ticked, now: at(seconds: 100), canHear: true)
        #expect(effects == [.answer([1], .fetched), .answer([2], .deadline(.mirror, isLate: true))])
    }

    @Test(arguments: [FetchEnding.unstorable, .storable])
    func `where answers are not kept, who calls after a change was heard gets one that was fetched after it`(ending: FetchEnding) {
        var flight = Flight(timing: .init(lease: 30_000_000))
        func send(_ event: FlightEvent) -> [FlightEffect] { flight.handle(event, now: now, canHear: true) }
        _ = send(.joined(waiter: 1, deadline: at(seconds: 100)))
        _ = send(.lookedUp(attempt: 1, .declined(servable: false)))
        #expect(send(.joined(waiter: 2, deadline: at(seconds: 100))) == [])
        #expect(send(.invalidated) == [], "there is no flight to renew")
        #expect(send(.joined(waiter: 3, deadline: at(seconds: 100))) == [])
        #expect(send(.fetched(attempt: 1, ending)) == [.answer([1, 2], .fetched), .lookUp(attempt: 2)])
        #expect(
            send(.lookedUp(attempt: 2, .declined(servable: false)))
                == [.fetch(attempt: 2, deadline: at(seconds: 100), isRefresh: false)])
        #expect(send(.fetched(attempt: 2, ending)) == [.answer([3], .fetched), .end])
    }

    @Test func `who calls after a change was heard does not get what turns out not to be kept before Redis could say that it is old`() {
        var flight = fetching()
        #expect(flight.handle(.invalidated, now: now, canHear: true) == [.renew(attempt: 1)])
        _ = flight.handle(.joined(waiter: 2, deadline: at(seconds: 100)), now: now, canHear: true)
        #expect(
            flight.handle(.fetched(attempt: 1, .unstorable), now: now, canHear: true)
                == [.decline(attempt: 1), .answer([1], .fetched), .lookUp(attempt: 2)])
    }

    @Test func `when the fetch fails, who calls after a change was heard does not get the stale record from before it`() {
        var flight = fetching()
        _ = flight.handle(.invalidated, now: now, canHear: true)
        _ = flight.handle(.joined(waiter: 2, deadline: at(seconds: 100)), now: now, canHear: true)
        #expect(
            flight.handle(.fetched(attempt: 1, .failed(deadlineBound: false, servable: true)), now: now, canHear: true)
                == [.abandon(attempt: 1), .answer([1], .stale), .lookUp(attempt: 2)])
    }
}

import SluiceLoop
import Testing

@testable import SluiceCache

/// A change is heard of while an answer from before it is fetched or stored: whoever calls after that must not get that answer.
@Suite(.timeLimit(.minutes(1))) struct FlightChangeTests {
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
        #expect(effects == [.answer([1], .fetched), .answer([2], .deadline(.mirror))])
    }
}

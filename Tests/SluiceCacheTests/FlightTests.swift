import SluiceLoop
import SluiceRandom
import Testing

@testable import SluiceCache

@Suite(.timeLimit(.minutes(10)))
struct FlightTests {
    private static let timing = Flight.Timing(lease: 3_000_000)

    private struct Scene {
        var flight = Flight(timing: FlightTests.timing)
        var now = Instant(microseconds: 1_000)

        mutating func send(_ event: FlightEvent, canHear: Bool = true) -> [FlightEffect] {
            flight.handle(event, now: now, canHear: canHear)
        }

        mutating func join(_ waiter: UInt64, seconds: Int64 = 100) -> [FlightEffect] {
            send(.joined(waiter: waiter, deadline: now.advanced(byMicroseconds: seconds * 1_000_000)))
        }

        mutating func pass(_ microseconds: Int64) -> [FlightEffect] {
            now = now.advanced(byMicroseconds: microseconds)
            return send(.ticked)
        }
    }

    @Test func `callers of one key share one lookup and one fetch`() {
        var scene = Scene()
        #expect(scene.join(1) == [.lookUp(attempt: 1)])
        #expect(scene.join(2, seconds: 200) == [])
        let deadline = scene.now.advanced(byMicroseconds: 200_000_000)
        #expect(scene.send(.lookedUp(attempt: 1, .taken(servable: false))) == [.fetch(attempt: 1, deadline: deadline, isRefresh: false)])
        #expect(scene.join(3) == [])
        #expect(scene.send(.fetched(attempt: 1, .storable)) == [.fill(attempt: 1)])
        #expect(scene.send(.filled(attempt: 1, isAccepted: true)) == [.answer([1, 2, 3], .fetched), .end])
    }

    @Test func `a holder renews at a third of its lease`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        #expect(scene.flight.nextTick == scene.now.advanced(byMicroseconds: 1_000_000))
        #expect(scene.pass(1_000_000) == [.renew(attempt: 1)])
        #expect(scene.send(.renewed(attempt: 1, isValid: true)) == [])
        #expect(scene.pass(999_999) == [])
        #expect(scene.pass(1) == [.renew(attempt: 1)])
    }

    @Test func `an answer that is not kept gives the flight back and says so, an error only gives it back`() {
        for (ending, effect) in [(FetchEnding.unstorable, FlightEffect.decline(attempt: 1)), (.errorAnswer, .abandon(attempt: 1))] {
            var scene = Scene()
            _ = scene.join(1)
            _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
            #expect(scene.send(.fetched(attempt: 1, ending)) == [effect, .answer([1], .fetched), .end])
        }
    }

    @Test func `a key whose answers are not kept is fetched without a flight, and what is stale is served without a fetch`() {
        var scene = Scene()
        _ = scene.join(1, seconds: 10)
        let deadline = scene.now.advanced(byMicroseconds: 10_000_000)
        #expect(scene.send(.lookedUp(attempt: 1, .declined(servable: false))) == [.fetch(attempt: 1, deadline: deadline, isRefresh: false)])
        #expect(scene.flight.nextTick == deadline, "there is nothing to renew")
        #expect(scene.join(2) == [], "callers of one process still share")
        #expect(scene.send(.fetched(attempt: 1, .storable)) == [.answer([1, 2], .fetched), .end], "nothing is filled without a flight")
        var stale = Scene()
        _ = stale.join(1)
        #expect(stale.send(.lookedUp(attempt: 1, .declined(servable: true))) == [.answer([1], .stale), .end])
    }

    @Test func `a lost flight is looked up again, and its fetch cancelled`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        #expect(scene.send(.renewed(attempt: 1, isValid: false)) == [.cancelFetch(attempt: 1), .lookUp(attempt: 2)])
        #expect(scene.send(.fetched(attempt: 1, .storable)) == [])
    }

    @Test func `a refused fill is looked up again, and nobody gets the old answer`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        _ = scene.send(.fetched(attempt: 1, .storable))
        #expect(scene.send(.filled(attempt: 1, isAccepted: false)) == [.lookUp(attempt: 2)])
        #expect(scene.send(.lookedUp(attempt: 2, .fresh)) == [.answer([1], .record), .end])
    }

    @Test func `a waiter looks again when the message comes, and when the lease ends without one`() {
        var scene = Scene()
        _ = scene.join(1)
        #expect(scene.send(.lookedUp(attempt: 1, .held(leaseMicroseconds: 2_000_000, servable: false))) == [])
        #expect(scene.send(.invalidated) == [.lookUp(attempt: 2)])
        #expect(scene.send(.lookedUp(attempt: 2, .held(leaseMicroseconds: 2_000_000, servable: false))) == [])
        #expect(scene.pass(2_000_000 - 1) == [])
        #expect(scene.pass(5_001) == [.lookUp(attempt: 3)])
    }

    @Test func `without a tracking connection a wait is a poll`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.lookedUp(attempt: 1, .held(leaseMicroseconds: 2_000_000, servable: false)), canHear: false)
        #expect(scene.pass(50_000) == [.lookUp(attempt: 2)])
    }

    @Test func `a record read before an invalidation is not served after it`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.invalidated)
        #expect(scene.flight.isOvertaken)
        #expect(scene.send(.lookedUp(attempt: 1, .fresh)) == [.lookUp(attempt: 2)])
        _ = scene.send(.invalidated)
        #expect(scene.send(.lookedUp(attempt: 2, .held(leaseMicroseconds: 1, servable: true))) == [.lookUp(attempt: 3)])
    }

    @Test func `an invalidation during a fetch asks whether the flight still counts`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        #expect(scene.send(.invalidated) == [.renew(attempt: 1)])
    }

    @Test func `a failing fetch fails everyone who could not have waited longer`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.join(2)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        _ = scene.join(3, seconds: 500)
        var other = scene
        #expect(
            scene.send(.fetched(attempt: 1, .failed(deadlineBound: false, servable: false)))
                == [.abandon(attempt: 1), .answer([1, 2, 3], .failure), .end])
        #expect(
            other.send(.fetched(attempt: 1, .failed(deadlineBound: true, servable: false)))
                == [.abandon(attempt: 1), .answer([1, 2], .failure), .lookUp(attempt: 2)])
    }

    @Test func `a fetch goes on while anybody wants it, and is cancelled when nobody does`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.join(2)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        #expect(scene.send(.left(waiter: 1)) == [])
        #expect(scene.send(.left(waiter: 2)) == [.cancelFetch(attempt: 1), .abandon(attempt: 1), .end])
    }

    @Test func `a request that is on its way goes on though nobody waits, is stored, and serves who comes meanwhile`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        #expect(scene.send(.onTheWay(attempt: 1, true)) == [])
        #expect(scene.send(.left(waiter: 1)) == [])
        // It keeps nobody else from it for longer than a lease; one who joins it makes it everybody's again, if it is still ours.
        #expect(scene.pass(2_000_000) == [])
        #expect(scene.join(2, seconds: 60) == [.renew(attempt: 1)])
        #expect(scene.join(3, seconds: 1) == [])
        #expect(scene.pass(2_000_000) == [.answer([3], .deadline(.mirror)), .renew(attempt: 1)])
        #expect(scene.send(.left(waiter: 2)) == [])
        #expect(scene.send(.fetched(attempt: 1, .storable)) == [.fill(attempt: 1)])
        #expect(scene.send(.filled(attempt: 1, isAccepted: true)) == [.end])
    }

    @Test func `after one that failed nobody waits for no other is sent`() {
        var scene = Scene()
        _ = scene.join(1)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        _ = scene.send(.onTheWay(attempt: 1, true))
        _ = scene.send(.left(waiter: 1))
        #expect(scene.send(.onTheWay(attempt: 1, false)) == [.cancelFetch(attempt: 1), .abandon(attempt: 1), .end])
        #expect(scene.send(.onTheWay(attempt: 1, true)) == [])
    }

    @Test func `a flight taken for nobody is given back`() {
        var scene = Scene()
        _ = scene.join(1)
        #expect(scene.send(.left(waiter: 1)) == [])
        #expect(scene.send(.lookedUp(attempt: 1, .taken(servable: false))) == [.abandon(attempt: 1), .end])
    }

    @Test func `each caller leaves at its own deadline`() {
        var scene = Scene()
        _ = scene.join(1, seconds: 1)
        _ = scene.join(2, seconds: 3)
        _ = scene.send(.lookedUp(attempt: 1, .held(leaseMicroseconds: 9_000_000, servable: false)))
        #expect(scene.flight.nextTick == scene.now.advanced(byMicroseconds: 1_000_000))
        #expect(scene.pass(1_000_000) == [.answer([1], .deadline(.anotherProcess))])
        #expect(scene.pass(2_000_000) == [.answer([2], .deadline(.anotherProcess)), .end])
    }

    @Test func `an answer in hand is handed over at the deadline, though it could not be stored yet`() {
        var scene = Scene()
        _ = scene.join(1, seconds: 1)
        _ = scene.send(.lookedUp(attempt: 1, .taken(servable: false)))
        _ = scene.send(.fetched(attempt: 1, .storable))
        #expect(scene.pass(1_000_000) == [.answer([1], .fetched)])
    }

    @Test func `a stale record is served at once while it is refreshed`() {
        var scene = Scene()
        _ = scene.join(1)
        let deadline = scene.now.advanced(byMicroseconds: 100_000_000)
        #expect(
            scene.send(.lookedUp(attempt: 1, .taken(servable: true)))
                == [.answer([1], .stale), .fetch(attempt: 1, deadline: deadline, isRefresh: true)])
        #expect(scene.send(.fetched(attempt: 1, .storable)) == [.fill(attempt: 1)])
        #expect(scene.send(.filled(attempt: 1, isAccepted: true)) == [.end])
    }

    @Test func `who insists on something fresh waits where others get what is stale`() {
        var scene = Scene()
        _ = scene.join(1)
        let deadline = scene.now.advanced(byMicroseconds: 100_000_000)
        _ = scene.send(.joined(waiter: 2, deadline: deadline, insists: true))
        #expect(
            scene.send(.lookedUp(attempt: 1, .taken(servable: true)))
                == [.answer([1], .stale), .fetch(attempt: 1, deadline: deadline, isRefresh: false)])
        _ = scene.send(.fetched(attempt: 1, .storable))
        #expect(scene.send(.filled(attempt: 1, isAccepted: true)) == [.answer([2], .fetched), .end])
        // Another process fetches: its fill is waited for.
        var other = Scene()
        _ = other.join(1)
        _ = other.send(.joined(waiter: 2, deadline: deadline, insists: true))
        #expect(other.send(.lookedUp(attempt: 1, .held(leaseMicroseconds: 1_000_000, servable: true))) == [.answer([1], .stale)])
        #expect(other.send(.invalidated) == [.lookUp(attempt: 2)])
    }

    @Test func `a refresh without a slot gives the flight back, and who has joined it meanwhile may have any slot`() {
        var scene = Scene()
        let deadline = scene.now.advanced(byMicroseconds: 100_000_000)
        #expect(scene.send(.refreshWanted(deadline: deadline, isAhead: true)) == [.lookUp(attempt: 1, isAhead: true)])
        #expect(scene.send(.lookedUp(attempt: 1, .takenAhead)) == [.fetch(attempt: 1, deadline: deadline, isRefresh: true)])
        #expect(scene.join(1) == [])
        #expect(scene.send(.fetched(attempt: 1, .noSpareSlot)) == [.abandon(attempt: 1), .lookUp(attempt: 2)])
        #expect(scene.send(.lookedUp(attempt: 2, .taken(servable: false))) == [.fetch(attempt: 2, deadline: deadline, isRefresh: false)])
        var alone = Scene()
        _ = alone.send(.refreshWanted(deadline: deadline))
        _ = alone.send(.lookedUp(attempt: 1, .taken(servable: true)))
        #expect(alone.send(.fetched(attempt: 1, .noSpareSlot)) == [.abandon(attempt: 1), .end])
    }

    @Test func `who asks while an answer is looked up to be refreshed ahead is given it, since it is fresh`() {
        var scene = Scene()
        let deadline = scene.now.advanced(byMicroseconds: 100_000_000)
        _ = scene.send(.refreshWanted(deadline: deadline, isAhead: true))
        _ = scene.join(1)
        #expect(
            scene.send(.lookedUp(attempt: 1, .takenAhead))
                == [.answer([1], .record), .fetch(attempt: 1, deadline: deadline, isRefresh: true)])
        // Not when a message says that it may have changed in between.
        var overtaken = Scene()
        _ = overtaken.send(.refreshWanted(deadline: deadline, isAhead: true))
        _ = overtaken.join(1)
        _ = overtaken.send(.invalidated)
        #expect(overtaken.send(.lookedUp(attempt: 1, .takenAhead)) == [.abandon(attempt: 1), .lookUp(attempt: 2)])
    }

    @Test func `without Redis a flight asks again with the same token until a deadline ends it`() {
        var scene = Scene()
        _ = scene.join(1, seconds: 1)
        #expect(scene.send(.lookedUp(attempt: 1, .unreachable(servable: false))) == [])
        #expect(scene.pass(100_000) == [.lookUp(attempt: 1)])
        _ = scene.send(.lookedUp(attempt: 1, .unreachable(servable: false)))
        #expect(scene.send(.trackingRestored) == [.lookUp(attempt: 1)])
        _ = scene.send(.lookedUp(attempt: 1, .unreachable(servable: false)))
        #expect(scene.pass(900_000) == [.answer([1], .deadline(.redis)), .end])
    }

    @Test(arguments: 0..<200)
    func `G5 whatever happens in whatever order, every caller ends by its deadline and the flight ends after the last`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var scene = Scene()
        var open: [UInt64: Instant] = [:]
        var owed: [FlightEffect] = []
        var hasEnded = false
        var next: UInt64 = 0
        func note(_ effects: [FlightEffect]) {
            for effect in effects {
                #expect(!hasEnded, "an effect after the end: \(effect)")
                switch effect {
                case .answer(let waiters, _): for waiter in waiters { #expect(open.removeValue(forKey: waiter) != nil) }
                case .end:
                    hasEnded = true
                    #expect(open.isEmpty)
                case .lookUp, .fetch, .renew, .fill: owed.append(effect)
                case .cancelFetch, .abandon, .decline: break
                }
            }
        }
        for step in 0..<200 where !hasEnded {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0 where step < 150, 1 where step < 150:
                next += 1
                let deadline = scene.now.advanced(byMicroseconds: .random(in: 1...5_000_000, using: &generator))
                open[next] = deadline
                note(scene.send(.joined(waiter: next, deadline: deadline)))
            case 2:
                if let waiter = open.keys.sorted().randomElement(using: &generator) {
                    open[waiter] = nil
                    note(scene.send(.left(waiter: waiter)))
                }
            case 3: note(scene.send(.invalidated))
            case 4: note(scene.send(.trackingRestored))
            case 5...7 where !owed.isEmpty:
                let effect = owed.remove(at: Int.random(in: 0..<owed.count, using: &generator))
                let flag = Bool.random(using: &generator)
                switch effect {
                case .lookUp(let attempt, let isAhead):
                    let replies: [LookupReply] =
                        [
                            .fresh, .taken(servable: flag), .taken(servable: false), .held(leaseMicroseconds: 1_000_000, servable: flag),
                            .held(leaseMicroseconds: 1_000, servable: false), .unreachable(servable: flag), .failed(servable: flag),
                            .declined(servable: flag),
                        ] + (isAhead ? [.takenAhead] : [])
                    note(scene.send(.lookedUp(attempt: attempt, replies.randomElement(using: &generator)!)))
                case .fetch(let attempt, _, _) where Bool.random(using: &generator):
                    owed.append(effect)
                    note(scene.send(.onTheWay(attempt: attempt, flag)))
                case .fetch(let attempt, _, let isRefresh):
                    let endings: [FetchEnding] =
                        [.storable, .unstorable, .errorAnswer, .failed(deadlineBound: flag, servable: false)]
                        + (isRefresh ? [.noSpareSlot] : [])
                    note(scene.send(.fetched(attempt: attempt, endings.randomElement(using: &generator)!)))
                case .renew(let attempt):
                    note(scene.send(.renewed(attempt: attempt, isValid: [true, false, nil].randomElement(using: &generator)!)))
                case .fill(let attempt):
                    note(scene.send(.filled(attempt: attempt, isAccepted: [true, false, nil].randomElement(using: &generator)!)))
                default: break
                }
            default:
                if scene.flight.nextTick < .distantFuture {
                    scene.now = max(scene.now, scene.flight.nextTick)
                    note(scene.send(.ticked))
                }
            }
            for (waiter, deadline) in open { #expect(deadline >= scene.now, "caller \(waiter) is past its deadline") }
            // A lost reply must not hang a caller either: the flight always asks to be woken by the first deadline.
            if let first = open.values.min(), !hasEnded { #expect(scene.flight.nextTick <= first) }
        }
    }
}

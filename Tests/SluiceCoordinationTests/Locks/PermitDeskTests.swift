import SluiceCoordination
import SluiceLoop
import Testing

/// A desk in a time of its own, with one wish for a lock with a lease of 9 s.
private struct Table {
    var desk = PermitDesk()
    var now = Instant(microseconds: 1_000 * second)
    let start = Instant(microseconds: 1_000 * second)

    init(deadline: Int64 = 60 * second, aim: PermitRequest.Aim = .wait) throws {
        let resource = try lock(lease: .seconds(9))
        #expect(
            names(apply(.wanted(1, PermitRequest(resource, aim: aim, deadline: start.advanced(byMicroseconds: deadline), now: now)))) == [
                "ask"
            ])
    }

    mutating func apply(_ event: PermitDesk.Event) -> [PermitDesk.Effect] { desk.apply(event, now: now) }

    /// Lets time pass, and returns what became due on the way.
    mutating func pass(_ span: Int64) -> [String] {
        let end = now.advanced(byMicroseconds: span)
        var seen: [String] = []
        while desk.nextStep <= end {
            now = max(now, desk.nextStep)
            seen += names(desk.due(now: now))
        }
        now = end
        return seen
    }

    mutating func waits(firstEnd: Int64 = 9 * second, lastToken: Int64 = 4) -> [String] {
        names(apply(.asked(1, .success(.waiting(ticket: 7, firstEnd: firstEnd, lastToken: lastToken)), sentAt: now)))
    }

    mutating func holds(_ token: Int64) -> [String] { names(apply(.asked(1, .success(.held(token: token)), sentAt: now))) }
}

private func names(_ effects: [PermitDesk.Effect]) -> [String] {
    effects.map { effect in
        switch effect {
        case .ask(_, _, let ticket): ticket <= 0 ? "ask" : "ask again"
        case .open: "open"
        case .renew: "renew"
        case .release: "release"
        case .give(_, let token): token.map { "give \($0)" } ?? "decline"
        case .refuse(_, _, let refusal): "refuse \(refusal)"
        case .lose: "lose"
        case .ended(_, let release): "ended \(release)"
        }
    }
}

@Suite struct `The permit desk` {
    @Test func `a waiter gives a sign of life each third of its lease, and nothing between`() throws {
        var table = try Table()
        #expect(table.waits() == [])
        #expect(table.pass(2_999 * millisecond) == [])
        #expect(table.pass(2 * millisecond) == ["ask again"])
    }

    @Test func `a waiter asks when the first lease ends`() throws {
        var table = try Table()
        #expect(table.waits(firstEnd: second) == [])
        #expect(table.pass(second) == [])
        #expect(table.pass(3 * millisecond) == ["ask again"])
    }

    @Test func `a message gives the permit, once, and a stale one does not`() throws {
        var table = try Table()
        #expect(table.waits(lastToken: 4) == [])
        #expect(names(table.apply(.granted(1, token: 4))) == [])
        #expect(names(table.apply(.granted(1, token: 5))) == ["give 5"])
        #expect(names(table.apply(.granted(1, token: 5))) == [])
        #expect(names(table.apply(.granted(2, token: 6))) == [])
    }

    @Test func `the message may come before the answer`() throws {
        var table = try Table()
        #expect(names(table.apply(.granted(1, token: 5))) == ["give 5"])
        #expect(table.waits(lastToken: 4) == [])
        #expect(table.pass(3 * second) == ["renew"])
    }

    @Test func `renewals that fail are repeated, and the holder is told a fifth of the lease before the end`() throws {
        var table = try Table()
        #expect(table.holds(5) == ["give 5"])
        #expect(table.pass(3 * second) == ["renew"])
        #expect(names(table.apply(.renewed(1, .failure(.unreachable), sentAt: table.now))) == [])
        #expect(table.pass(PermitDesk.pause) == ["renew"])
        // No answer at all from now on.
        #expect(table.pass(10 * second) == ["lose"])
        var other = try Table()
        _ = other.holds(5)
        _ = other.pass(3 * second)
        #expect(names(other.apply(.renewed(1, .success(true), sentAt: other.now))) == [])
        #expect(other.pass(3 * second) == ["renew"])
        #expect(names(other.apply(.renewed(1, .success(false), sentAt: other.now))) == ["lose"])
    }

    @Test func `a withdrawal goes after the answer that is under way, never before it`() throws {
        var table = try Table()
        #expect(names(table.apply(.cancelled(1))) == ["refuse cancelled"])
        #expect(table.holds(5) == ["release"])
        #expect(names(table.apply(.released(1, .success(true)))) == ["ended done"])
        #expect(table.desk.counts == (0, 0))
    }

    @Test func `a wish ends at its deadline, by what Redis last said`() throws {
        var silent = try Table(deadline: second)
        #expect(silent.pass(second) == ["refuse deadline(redisFailed: true)"])
        var full = try Table(deadline: second)
        _ = full.waits()
        #expect(full.pass(second) == ["refuse deadline(redisFailed: false)", "release"])
    }

    @Test func `errors that stay do not become a poll`() throws {
        var table = try Table()
        var calls = 0
        for _ in 0..<600 {
            if table.pass(100 * millisecond).contains("ask") {
                calls += 1
                _ = table.apply(.asked(1, .failure(.unreachable), sentAt: table.now))
            }
        }
        #expect(calls < 50)
    }

    @Test func `who may have missed a message asks again`() throws {
        var table = try Table()
        _ = table.waits()
        #expect(names(table.apply(.listening)) == ["ask again"])
        // And again, when messages came back while it asked.
        #expect(names(table.apply(.listening)) == [])
        #expect(table.waits() == ["ask again"])
    }

    @Test func `a holder whose server may have lost its data asks for its place at once`() throws {
        var table = try Table()
        #expect(table.holds(5) == ["give 5"])
        #expect(names(table.apply(.listening)) == ["renew"])
        // And again, when the connection was lost once more meanwhile.
        #expect(names(table.apply(.listening)) == [])
        #expect(names(table.apply(.renewed(1, .success(true), sentAt: table.now))) == ["renew"])
        #expect(names(table.apply(.renewed(1, .success(true), sentAt: table.now))) == [])
    }

    @Test func `a release whose fate is unknown is repeated until the lease has ended`() throws {
        var table = try Table()
        _ = table.holds(5)
        #expect(names(table.apply(.givenBack(1))) == ["release"])
        #expect(names(table.apply(.released(1, .failure(.unreachable)))) == ["ended uncertain"])
        #expect(table.pass(PermitDesk.pause) == ["release"])
        #expect(names(table.apply(.released(1, .success(false)))) == ["ended uncertain"])
        #expect(table.pass(60 * second) == [])
    }
}

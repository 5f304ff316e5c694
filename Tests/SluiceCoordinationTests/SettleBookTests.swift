import SluiceCoordination
import SluiceLoop
import Testing

@Suite struct SettleBookTests {
    private let start = Instant(microseconds: 1_000_000)
    private let grant = GrantKey(life: 1, number: 7)

    private func book(count: Int) -> SettleBook {
        var book = SettleBook(patience: 20_000)
        book.opened(grant, mirror: 0, count: count, worthlessAt: start.advanced(byMicroseconds: 60_000_000), now: start)
        return book
    }

    @Test func `a completion waits for company, an unused slot does not`() {
        var book = book(count: 2)
        book.record(.completed(start), of: grant, urgent: false, now: start)
        #expect(book.due == start.advanced(byMicroseconds: 20_000))
        book.record(.unsent, of: grant, urgent: true, now: start)
        #expect(book.due == start)
    }

    @Test func `a report whose fate is unknown leaves again unchanged, and what came since follows in another`() {
        var book = book(count: 3)
        book.record(.completed(start), of: grant, urgent: false, now: start)
        book.record(.unsent, of: grant, urgent: true, now: start)
        let first = book.take(now: start)
        #expect(first.map(\.remaining) == [3])
        book.record(.completed(start.advanced(byMicroseconds: 5)), of: grant, urgent: false, now: start)
        book.failed(first, retryAt: start)

        let again = book.take(now: start)
        #expect(again == first)
        book.confirmed(again, now: start)
        let rest = book.take(now: start)
        #expect(rest.map(\.remaining) == [1])
        #expect(rest.map(\.settled.completed) == [[start.advanced(byMicroseconds: 5)]])
        book.confirmed(rest, now: start)
        #expect(book.openGrants == 0)
        #expect(book.due == nil)
    }

    @Test func `an extension of which nothing was heard may have been carried out: what comes after it is reported all the same`() {
        var book = book(count: 1)
        let later = start.advanced(byMicroseconds: 50_000_000)
        book.extend(grant, now: later)
        book.failed(book.take(now: later), retryAt: later)
        let end = start.advanced(byMicroseconds: 70_000_000)
        book.record(.completed(end), of: grant, urgent: false, now: end)
        // The report of unknown fate first, as it was.
        book.confirmed(book.take(now: end), now: end)
        #expect(book.take(now: end).map(\.settled.completed) == [[end]])
    }

    @Test func `a grant that was given up is known for a day, and a book of them does not grow for ever`() {
        var book = SettleBook(patience: 20_000)
        func at(_ number: Int64) -> Instant { start.advanced(byMicroseconds: number * 1_000_000_000) }
        for number in 1...1_000 as ClosedRange<Int64> {
            let key = GrantKey(life: 1, number: number)
            book.opened(key, mirror: 0, count: 1, worthlessAt: at(number), now: at(number))
            book.record(.unsent, of: key, urgent: true, now: at(number))
            #expect(book.take(now: at(number)).isEmpty)
        }
        #expect(book.knows(GrantKey(life: 1, number: 1_000)))
        #expect(book.knows(GrantKey(life: 1, number: 1_000 - 80)))
        #expect(!book.knows(GrantKey(life: 1, number: 1)))
    }

    @Test func `a million requests that ended together take the room of one`() throws {
        var book = book(count: 1_000_001)
        for _ in 0..<1_000 {
            book.record(.completed(start), of: grant, count: 1_000, fare: .answered(latency: nil), urgent: false, now: start)
        }
        let report = try #require(book.take(now: start).first)
        #expect(report.settled.completed.runs.count == 1)
        #expect(report.settled.completed.count == 1_000_000 && report.settled.answered == 1_000_000)
        book.confirmed([report], now: start)
        book.record(.unsent, of: grant, urgent: true, now: start)
        #expect(book.take(now: start).map(\.remaining) == [1])
    }

    @Test func `what a report says of answers and failures is of its own slots only`() throws {
        var book = book(count: 5)
        for latency in [30, 10, 20] as [Int64] {
            book.record(.completed(start), of: grant, fare: .answered(latency: latency), urgent: false, now: start)
        }
        let first = try #require(book.take(now: start).first)
        #expect(first.settled.answered == 3 && first.settled.failed == 0 && first.settled.latency == 20)
        book.record(.completed(start), of: grant, fare: .failed, urgent: false, now: start)
        book.record(.unsent, of: grant, fare: .unreached, urgent: true, now: start)
        book.confirmed([first], now: start)
        let second = try #require(book.take(now: start).first)
        #expect(
            second.settled.answered == 0 && second.settled.failed == 1 && second.settled.unreached == 1 && second.settled.latency == nil)
    }

    @Test func `a report that the ledger can no longer use is dropped`() {
        var book = book(count: 1)
        book.record(.completed(start), of: grant, urgent: false, now: start)
        #expect(book.take(now: start.advanced(byMicroseconds: 60_000_000)).isEmpty)
        #expect(book.openGrants == 0)
    }
}

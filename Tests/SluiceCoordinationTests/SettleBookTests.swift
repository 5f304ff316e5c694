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
        #expect(rest.map(\.completed) == [[start.advanced(byMicroseconds: 5)]])
        book.confirmed(rest, now: start)
        #expect(book.openGrants == 0)
        #expect(book.due == nil)
    }

    @Test func `a report that the ledger can no longer use is dropped`() {
        var book = book(count: 1)
        book.record(.completed(start), of: grant, urgent: false, now: start)
        #expect(book.take(now: start.advanced(byMicroseconds: 60_000_000)).isEmpty)
        #expect(book.openGrants == 0)
    }
}

import SluiceCoordination
import Testing

/// A loss of data in a pool whose members are configured differently.
@Suite struct `Configurations survive a loss of data` {
    /// What members are configured with before the loss, in the order in which they called.
    private func after(_ members: [LedgerTerms], restoredBy restorer: LedgerTerms, granting wanted: Int64) -> Bench {
        var before = Bench(members[0])
        for terms in members.reversed() {
            before.terms = terms
            _ = before.state.announce(before.call, at: before.raw)
        }
        before.complete(before.take(wanted))
        let copies = members.map { terms in
            before.terms = terms
            return before.state.copy(since: nil, before.call, at: before.raw).copy!
        }
        var bench = Bench(restorer)
        bench.raw = before.raw
        bench.muster = second
        bench.candidate = "two"
        #expect(bench.count(1) == 0)
        for (place, copy) in copies.enumerated() {
            let told = Recollection(incarnation: "one", copy: copy, copyTime: copy.time, own: [])
            let written = Recollection(told.bytes) ?? told
            // The speaker's own configuration is not told again: it must be known from the copy.
            _ = bench.state.contribute(
                written, of: node("n\(place)"), to: MusterNotice(number: 1, remaining: 0), in: "two", bench.call, at: bench.raw)
        }
        bench.raw += second
        let request = Restoration(bench.state.gather(bench.call, at: bench.raw), terms: restorer).request()
        #expect(bench.state.restore(request, bench.call, at: bench.raw).reply.isDone)
        return bench
    }

    @Test func `a stricter member's limits go on binding, though a laxer one ends the muster`() {
        let lax = terms(mirror("a", "30/5s"))
        let strict = terms(mirror("a", "10/5s", "4/1s"))
        var bench = after([lax, strict], restoredBy: lax, granting: 4)
        // The second of the muster has passed: the four of before count under the longer window only.
        let known = bench.state.announce(bench.call, at: bench.raw).reply.mirrors[0].entries.map(\.rules.words)
        #expect(known.sorted() == ["30/5s", "4/1s 10/5s"])
        #expect(bench.count(99) == 0, "what nobody accounts for under the laxest limit is withheld")
        bench.raw += 12 * second
        #expect(bench.count(99) == 4, "the stricter member has not spoken since")
    }

    @Test func `a mirror that the one who ends the muster does not know is remembered all the same`() {
        let one = terms(mirror("a", "10/60s"))
        let both = terms(mirror("a", "10/60s"), mirror("b", "5/60s"))
        var bench = after([both], restoredBy: one, granting: 15)
        bench.terms = both
        #expect(bench.count(99) == 0)
        bench.raw += 58 * second
        #expect(bench.count(99) == 0)
        bench.raw += 2 * second
        #expect(bench.count(99) == 15)
    }
}

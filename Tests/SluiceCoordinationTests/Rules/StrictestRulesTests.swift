import SluiceCoordination
import Testing

@Suite struct `What counts where members are configured differently` {
    private func strictest(_ all: MirrorRules...) -> String { MirrorRules.strictest(all)?.words ?? "none" }

    @Test func `under each window the lowest count, of bursts and caps the lowest`() {
        #expect(strictest(mirror("a", "30/60s"), mirror("a", "10/60s")) == "10/1m")
        #expect(
            strictest(mirror("a", "30/60s", burst: 5), mirror("a", "20/1s", "40/60s", concurrency: 3))
                == "20/1s 30/1m burst=5 concurrency=3")
        #expect(strictest(mirror("a"), mirror("a", "30/60s")) == "30/1m")
        #expect(strictest(mirror("a", concurrency: 4), mirror("a", concurrency: 2)) == "concurrency=2")
        #expect(strictest() == "none")
    }

    @Test func `more windows than a mirror may have become fewer, and none of them is forgotten`() throws {
        let all = [mirror("a", "5/1s", "9/7s", "100/1m"), mirror("a", "2/333ms", "50/30s", "1000/1h")]
        let whole = try #require(MirrorRules.strictest(all))
        #expect(whole.limits.map(\.description) == ["2/7s", "50/30s", "100/1m", "1000/1h"])
        for limit in all.flatMap(\.limits) {
            // Whatever keeps a limit with no more requests in no shorter a window keeps this one too.
            #expect(whole.limits.contains { $0.count <= limit.count && $0.window >= limit.window }, "\(limit)")
        }
    }

    @Test func `rules as text are read as they were written, and what is none is left out`() {
        let rules = mirror("a", "30/60s", "1000/1d", burst: 5, concurrency: 4)
        #expect(MirrorRules(name: "a", text: rules.text[...]) == rules)
        for text in ["", "1", "1,2,3", "0,0;", "0,0;1", "0,0;0/1000", "0,0;1/1000/2", "-1,0", "0,0;99999999999999999999/1000", "1,0"] {
            #expect(MirrorRules(name: "a", text: text[...]) == nil, "\(text)")
        }
        let known = Announcements(of: "a", text: "0,0;30/60000000=17 garbage 0,0;1/1=3 5,0;10/1000000=99 0,0;2/1000=x")
        #expect(known.entries.map(\.rules.words) == ["30/1m", "10/1s burst=5"])
        #expect(known.text == "0,0;30/60000000=17 5,0;10/1000000=99")
    }
}

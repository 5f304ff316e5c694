import SluiceCoordination
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Rules of a mirror` {
    @Test(arguments: [
        ("30/60s", 30, 60 * second), ("1000/1d", 1000, day), ("5/250ms", 5, 250 * millisecond), ("1/2h", 1, 2 * hour),
        ("7/3m", 7, 180 * second),
    ])
    func `a limit is read as it is written`(text: String, count: Int64, window: Int64) throws {
        let limit = try RateLimit(text)
        #expect(limit.count == count)
        #expect(limit.window == window)
        #expect(try RateLimit(limit.description) == limit)
    }

    @Test(arguments: [
        "", "30", "30/", "/60s", "0/60s", "-1/60s", "30/60", "30/60x", "30/0s", "30/32d", "30/60s/2", "3.5/60s", "٣/60s",
        "99999999999999999999/1s", "1/99999999999999999999d", "1/9999999999999999d", "20000000/1s", " 30/60s",
    ])
    func `what is no limit is refused with its own text`(text: String) {
        let error = #expect(throws: RulesError.self) { try RateLimit(text) }
        #expect(error?.message.contains("“\(text)”") == true)
    }

    @Test func `a window below a millisecond or above 31 days is refused`() {
        #expect(throws: RulesError.self) { try RateLimit(count: 1, window: 999) }
        #expect(throws: RulesError.self) { try RateLimit(count: 1, window: 31 * day + 1) }
        #expect(throws: RulesError.self) { try RateLimit(count: 0, window: second) }
    }

    @Test func `of two limits of one window the stricter counts`() {
        #expect(mirror("a", "30/1m", "20/60s", "1000/1d").limits.map(\.count) == [20, 1000])
    }

    @Test func `an error names the mirror and the rule`() {
        let five = ["1/1s", "1/2s", "1/3s", "1/4s", "1/5s"].map { try! RateLimit($0) }
        let one = [five[0]]
        #expect(throws: RulesError.self) { try MirrorRules(name: "a b", limits: one) }
        #expect(throws: RulesError.self) { try MirrorRules(name: "", limits: one) }
        #expect(throws: RulesError.self) { try MirrorRules(name: "a", limits: five) }
        for error in [
            #expect(throws: RulesError.self, performing: { try MirrorRules(name: "west", limits: [], burst: 3) }),
            #expect(throws: RulesError.self, performing: { try MirrorRules(name: "west", limits: one, burst: 0) }),
        ] {
            #expect(error?.message.contains("west") == true)
            #expect(error?.message.contains("burst") == true)
        }
        let error = #expect(throws: RulesError.self) { try MirrorRules(name: "west", limits: [], concurrency: -1) }
        #expect(error?.message.contains("concurrency=-1") == true)
    }

    @Test func `two mirrors of one name are refused`() {
        #expect(throws: RulesError.self) {
            try LedgerTerms(mirrors: [mirror("a"), mirror("a")], hold: second, requestTimeout: second)
        }
        #expect(throws: RulesError.self) { try LedgerTerms(mirrors: [], hold: 0, requestTimeout: second) }
    }

    @Test(arguments: [1_000, 100_000, 1_000_000, 3_600_000_000] as [Int64], [1_000, 5_000_000, 60_000_000] as [Int64])
    func `the hold that a node reads from a life is never longer than the one that was given`(hold: Int64, timeout: Int64) {
        let terms = terms(hold: hold, timeout: timeout)
        let read = terms.hold(ofLife: terms.life(hold: hold))
        #expect(read <= hold)
        #expect(read >= hold - hold / 1_000_000 - 2)
    }

    @Test func `a node's name can be read back, and nothing else can`() {
        var random = Seeded(1)
        let made = NodeID(host: "büro 1:x", process: 42, random: &random)
        #expect(NodeID(text: made.text) == made)
        #expect(made.tag.count == NodeID.tagLength)
        for text in ["", "a:1", "a:1:short", "a:1:toolongtag", "a:1:12345678 ", ":1:12345678", "a::12345678", "a:1:1234:5678"] {
            #expect(NodeID(text: text) == nil, "\(text)")
        }
    }
}

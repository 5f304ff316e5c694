import SluiceLoop
import SluiceMirror
import SluiceRandom
import Testing

/// The judge against a model that looks at every interval.
@Suite(.timeLimit(.minutes(10)))
struct SlidingWindowJudgeTests {
    private static func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: 1_000_000 + milliseconds * 1_000) }

    private static func limits(_ texts: [String]) throws -> [MirrorLimit] {
        var limits: [MirrorLimit] = []
        for text in texts { limits.append(try MirrorLimit(text: text)) }
        return limits
    }

    @Test func `the limit itself is accepted and one more is not`() throws {
        var judge = SlidingWindowJudge(limits: try Self.limits(["3/1s"]))
        #expect((0..<3).allSatisfy { judge.arrive(at: Self.at($0)) == .accepted })
        #expect(judge.arrive(at: Self.at(3)) == .violation(limit: try MirrorLimit(text: "3/1s"), until: Self.at(1_001)))
        #expect(judge.worstWindows[0].worst == 4)
        #expect(judge.violations == 1)
    }

    @Test func `an arrival leaves the window exactly one window later`() throws {
        var judge = SlidingWindowJudge(limits: try Self.limits(["1/1s"]))
        #expect(judge.arrive(at: Instant(microseconds: 0)) == .accepted)
        #expect(judge.arrive(at: Instant(microseconds: 1_000_000)) == .accepted)
        #expect(judge.arrive(at: Instant(microseconds: 1_999_999)) != .accepted)
    }

    @Test func `two full bursts on both sides of a minute's end are seen, which a fixed window misses`() throws {
        var judge = SlidingWindowJudge(limits: try Self.limits(["30/60s"]))
        for index in Int64(0)..<30 { #expect(judge.arrive(at: Self.at(59_000 + index)) == .accepted) }
        for index in Int64(0)..<30 { #expect(judge.arrive(at: Self.at(60_000 + index)) != .accepted) }
        #expect(judge.worstWindows[0].worst == 60)
    }

    @Test func `what until says is the first instant that is accepted`() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var judge = SlidingWindowJudge(limits: try Self.limits(["3/100ms", "5/400ms"]))
            var now: Int64 = 0
            while true {
                now += Int64.random(in: 0...60, using: &generator)
                guard case .violation(_, let until) = judge.arrive(at: Self.at(now)) else { continue }
                var early = judge
                var inTime = judge
                #expect(early.arrive(at: until.advanced(byMicroseconds: -1)) != .accepted)
                #expect(inTime.arrive(at: until) == .accepted)
                break
            }
        }
    }

    @Test(arguments: 0..<60) func `random arrivals are judged as a model judges that looks at every interval`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let limits = try Self.limits([["4/100ms"], ["2/10ms", "30/1s"], ["50/1s"], ["1/5ms", "7/70ms", "40/700ms"]][Int(seed % 4)])
        var judge = SlidingWindowJudge(limits: limits)
        var arrivals: [Int64] = []
        var violations = 0
        var now: Int64 = 0
        for _ in 0..<3_000 {
            // Bursts, ties, and pauses; in microseconds.
            now +=
                [0, 0, 900, 5_000, 20_000, 200_000][Int.random(in: 0..<6, using: &generator)] * Int64.random(in: 0...2, using: &generator)
            arrivals.append(now)
            let violated = limits.first { limit in
                arrivals.reversed().prefix { $0 > now - limit.window.microseconds }.count > limit.count
            }
            if violated != nil { violations += 1 }
            let verdict = judge.arrive(at: Instant(microseconds: now))
            if let violated {
                guard case .violation(violated, _) = verdict else {
                    Issue.record("\(verdict) at \(now), where \(violated) is violated")
                    return
                }
            } else {
                #expect(verdict == .accepted)
            }
        }
        #expect(judge.requests == arrivals.count)
        #expect(judge.violations == violations)
        for (limit, worst) in judge.worstWindows {
            // Every half-open interval that starts at an arrival: a fullest one is among them.
            let fullest = arrivals.indices.map { first in
                arrivals[first...].prefix { $0 < arrivals[first] + limit.window.microseconds }.count
            }.max()
            #expect(worst == fullest)
        }
    }

    @Test func `an arrival that is reported late is taken at the last one's instant`() throws {
        var judge = SlidingWindowJudge(limits: try Self.limits(["1/100ms"]))
        #expect(judge.arrive(at: Self.at(200)) == .accepted)
        #expect(judge.arrive(at: Self.at(10)) != .accepted)
    }

    @Test func `without limits everything is accepted`() {
        var judge = SlidingWindowJudge(limits: [])
        #expect((0..<10_000).allSatisfy { _ in judge.arrive(at: Self.at(0)) == .accepted })
        #expect(judge.requests == 10_000)
    }
}

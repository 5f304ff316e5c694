import SluiceLoop
import SluiceMirror
import SluiceRandom
import Testing

/// What a strict mirror refuses, by each algorithm, and what it calls a violation.
@Suite(.timeLimit(.minutes(10)))
struct MirrorJudgeTests {
    private static let start = Instant(microseconds: 1_000_000)

    private static func at(_ milliseconds: Int64) -> Instant { start.advanced(byMicroseconds: milliseconds * 1_000) }

    private static func judge(_ texts: [(String, String)]) throws -> MirrorJudge {
        var options = StrictMirrorOptions()
        for (name, text) in texts { try options.set(name, to: text) }
        return MirrorJudge(options, from: start)
    }

    /// Lets requests come at these milliseconds, and returns which of them were served.
    private static func served(_ judge: inout MirrorJudge, _ milliseconds: [Int64]) -> [Bool] {
        milliseconds.map { judge.arrive(at: at($0)) == .accepted }
    }

    @Test func `a ban refuses everything, is counted once, and ends`() throws {
        var judge = try Self.judge([("limit", "1/100ms"), ("block", "1s")])
        #expect(judge.arrive(at: Self.at(0)) == .accepted)
        #expect(judge.arrive(at: Self.at(10)) == .refused(limit: try MirrorLimit(text: "1/100ms"), until: Self.at(1_010)))
        #expect(judge.arrive(at: Self.at(500)) == .banned(until: Self.at(1_010)))
        #expect(judge.arrive(at: Self.at(1_009)) == .banned(until: Self.at(1_010)))
        #expect(judge.arrive(at: Self.at(1_200)) == .accepted)
        #expect((judge.bans, judge.refusedWhileBanned) == (1, 2))
        #expect((judge.truth.requests, judge.truth.violations, judge.refused) == (5, 1, 1))
    }

    @Test func `the log refuses what violates, and nothing else`() throws {
        for seed in UInt64(0)..<30 {
            var generator = SeededGenerator(seed: seed)
            var judge = try Self.judge([("limit", "4/100ms"), ("limit", "20/1s")])
            var now: Int64 = 0
            for _ in 0..<1_000 {
                now += Int64.random(in: 0...40, using: &generator)
                let before = judge.truth.violations
                let verdict = judge.arrive(at: Self.at(now))
                #expect((verdict == .accepted) == (judge.truth.violations == before))
            }
            #expect(judge.refused == judge.truth.violations)
            #expect(judge.refused > 0)
        }
    }

    @Test func `a fixed window lets two full bursts meet at its end, and the truth is told all the same`() throws {
        var judge = try Self.judge([("limit", "30/60s"), ("algorithm", "fixed")])
        let arrivals = (0..<30).map { 59_000 + Int64($0) } + (0..<30).map { 60_000 + Int64($0) }
        #expect(Self.served(&judge, arrivals).allSatisfy { $0 })
        #expect(judge.arrive(at: Self.at(60_100)) == .refused(limit: try MirrorLimit(text: "30/60s"), until: Self.at(120_000)))
        #expect(judge.truth.violations == 31)
        #expect(judge.refused == 1)
    }

    @Test func `a sliding-window counter refuses a burst that comes one window after the last, as nothing was even`() throws {
        // One window after a burst all of it is out of the true window, but the counter takes the period that it came in for
        // even, and the window still covers part of that.
        var judge = try Self.judge([("limit", "10/10s"), ("algorithm", "counter")])
        let burst = Array(repeating: Int64(4_000), count: 10)
        #expect(Self.served(&judge, burst).allSatisfy { $0 })
        let next = Self.served(&judge, burst.map { $0 + 10_001 })
        // At 14 s of the period that began at 10 s, 6/10 of the 10 weigh: 5.999, so 4 fit.
        #expect(next == [true, true, true, true] + Array(repeating: false, count: 6))
        #expect(judge.truth.violations == 0)
        #expect(judge.refused == 6)
    }

    @Test func `a small bucket takes its size at once and then one a refill`() throws {
        var judge = try Self.judge([("limit", "10/10s"), ("algorithm", "bucket:3")])
        #expect(Self.served(&judge, [0, 0, 0, 0, 999, 1_000, 1_001, 2_000]) == [true, true, true, false, false, true, false, true])
        #expect(judge.truth.violations == 0)
        // After a long rest it is full, and no more than full.
        #expect(Self.served(&judge, [60_000, 60_000, 60_000, 60_000]) == [true, true, true, false])
    }

    @Test(arguments: ["log", "counter", "fixed", "bucket", "bucket:3"])
    func `what until says is the first instant that is accepted`(algorithm: String) throws {
        for seed in UInt64(0)..<100 {
            var generator = SeededGenerator(seed: seed)
            var judge = try Self.judge([("limit", "5/400ms"), ("algorithm", algorithm)])
            var now: Int64 = 0
            for _ in 0..<500 {
                now += Int64.random(in: 0...120, using: &generator)
                guard case .refused(_, let until) = judge.arrive(at: Self.at(now)) else { continue }
                var early = judge
                var inTime = judge
                #expect(early.arrive(at: until.advanced(byMicroseconds: -1)) != .accepted, "seed \(seed)")
                #expect(inTime.arrive(at: until) == .accepted, "seed \(seed)")
            }
            #expect(judge.refused > 0)
        }
    }

    @Test func `strangers take their share, are refused to nobody's harm, and violate nothing`() throws {
        var judge = try Self.judge([("limit", "10/10s"), ("strangers", "5/10s"), ("block", "1m")])
        // Five of ten go to the strangers; who takes five is served, who takes ten is not.
        for second in stride(from: Int64(20), to: 120, by: 10) {
            #expect(Self.served(&judge, Array(repeating: second * 1_000, count: 4)).allSatisfy { $0 })
        }
        #expect((50...60).contains(judge.foreign))
        #expect((judge.refused, judge.bans) == (0, 0))
        let greedy = Self.served(&judge, Array(repeating: Int64(130_000), count: 10))
        #expect(greedy.contains(false))
        #expect(judge.truth.violations == 0)
        #expect(judge.bans == 1)
    }

    @Test func `the same seed brings the same strangers, another seed others`() throws {
        var options = StrictMirrorOptions()
        try options.set("limit", to: "3/1s")
        try options.set("strangers", to: "20/10s")
        let arrivals = (0..<500).map { Int64($0) * 97 }
        var first = MirrorJudge(options, from: Self.start)
        var second = MirrorJudge(options, from: Self.start)
        options.seed = 2
        var third = MirrorJudge(options, from: Self.start)
        let served = Self.served(&first, arrivals)
        #expect(Self.served(&second, arrivals) == served)
        #expect(Self.served(&third, arrivals) != served)
    }
}

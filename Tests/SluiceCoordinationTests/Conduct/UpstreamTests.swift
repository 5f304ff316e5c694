import SluiceCoordination
import SluiceMirror
import Testing

/// The answer to refusals within the limits, tried against upstreams that count otherwise, for a hundred windows of virtual time each,
/// with a pool that always wants more.
@Suite(.computing, .timeLimit(.minutes(10))) struct `Upstreams that count otherwise` {
    @Test(arguments: [MirrorAlgorithm.log, .fixed, .bucket(nil)])
    func `an upstream that counts as we do, by fixed windows, or by a bucket as large as the limit, refuses nothing`(
        algorithm: MirrorAlgorithm
    ) throws {
        var trial = try UpstreamTrial("30/60s", algorithm: algorithm)
        trial.run(windows: 100)
        print("upstream | 30/60s \(algorithm): \(trial.figures)")
        #expect(trial.refusals.isEmpty)
        #expect(trial.utilisation > 0.985)
    }

    @Test(arguments: ["30/60s", "20/1s"], [MirrorAlgorithm.counter, .bucket(5)])
    func `an upstream that refuses bursts refuses one of ours, and hardly anything once we are paced`(
        limit: String, algorithm: MirrorAlgorithm
    ) throws {
        for saysWhen in [true, false] {
            var trial = try UpstreamTrial(limit, algorithm: algorithm, saysWhen: saysWhen)
            trial.run(windows: 100)
            print("upstream | \(limit) \(algorithm), \(saysWhen ? "with" : "without") Retry-After: \(trial.figures)")
            // The first burst, and then at most once in the 4, 8, 16 … windows after which the full limit is tried again.
            #expect(!trial.refusals.isEmpty)
            #expect(trial.refusals.count <= 30)
            #expect(trial.refusals(after: 50) <= 3)
            #expect(trial.utilisation > 0.82)
        }
    }

    @Test(arguments: [6, 2])
    func `strangers who use a part of the quota leave us the rest, and few of our requests are refused`(part: Int) throws {
        for limit in ["30/60s", "20/1s"] {
            let rule = try RateLimit(limit)
            let others = try RateLimit(count: rule.count / Int64(part), window: rule.window)
            var trial = try UpstreamTrial(limit, strangers: "\(others.count)/\(rule.window / second)s")
            trial.run(windows: 100)
            print("upstream | \(limit) with strangers \(others): \(trial.figures)")
            let left = 1 - Double(others.count) / Double(rule.count)
            #expect(trial.refusals.count <= 30)
            #expect(trial.refusals(after: 50) <= 4)
            #expect(trial.utilisation > 0.8 * left)
        }
    }

    @Test func `strangers who use nearly all of it bring us below half of the limit, since more would be refused for ever`() throws {
        var trial = try UpstreamTrial("30/60s", strangers: "25/60s")
        trial.run(windows: 100)
        print("upstream | 30/60s with strangers 25/60s: \(trial.figures)")
        #expect(trial.refusals(after: 50) <= 6)
        #expect(trial.levels.last!.level < 8)
        #expect(trial.utilisation > 0.6 * 5 / 30)
    }

    /// What the README recommends.
    @Test(arguments: [(MirrorAlgorithm.bucket(5), "30/60s", 5), (.counter, "29/60s", 1)])
    func `with the setting that fits it, no upstream refuses anything`(algorithm: MirrorAlgorithm, told: String, burst: Int64) throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            var trial = try UpstreamTrial("30/60s", told: told, burst: burst, algorithm: algorithm, seed: seed)
            trial.run(windows: 100)
            print("upstream | 30/60s \(algorithm), told \(told),burst=\(burst): \(trial.figures)")
            #expect(trial.refusals.isEmpty)
            #expect(trial.utilisation > 0.95)
        }
    }
}

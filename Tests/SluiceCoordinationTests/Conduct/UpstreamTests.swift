import SluiceCoordination
import SluiceMirror
import Testing

/// The answer to refusals within the limits, tried against upstreams that count otherwise, for hundreds of windows of virtual time.
@Suite(.timeLimit(.minutes(10))) struct `Upstreams that count otherwise` {
    @Test func `figures`() throws {
        for limit in ["30/60s", "100/10s", "20/1s"] {
            for (name, algorithm, strangers) in [
                ("log", .log, nil), ("fixed", .fixed, nil), ("counter", .counter, nil), ("bucket:5", .bucket(5), nil), ("bucket:1", .bucket(1), nil),
                ("strangers 1/6", .log, 6), ("strangers 1/2", .log, 2), ("strangers 2/3", .log, -3), ("strangers 5/6", .log, -6),
            ] as [(String, MirrorAlgorithm, Int64?)] {
                for saysWhen in [true, false] {
                    let parsed = try RateLimit(limit)
                    let foreign = strangers.map { $0 > 0 ? "\(max(1, parsed.count / $0))/\(parsed.window / 1000)ms" : "\(parsed.count * (-$0 - 1) / -$0)/\(parsed.window / 1000)ms" }
                    var trial = try UpstreamTrial(limit, algorithm: algorithm, strangers: foreign, saysWhen: saysWhen)
                    trial.run(windows: 300)
                    print("figures | \(limit) \(name) \(saysWhen ? "Retry-After" : "silent"): \(trial.figures)")
                }
            }
        }
    }
}

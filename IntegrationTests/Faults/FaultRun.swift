import Foundation
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Testing

/// One fault under load: some processes want more than the mirrors' limits allow, something happens to them or to what they need,
/// and in the end nothing was over, and every call was answered rightly.
struct FaultRun {
    /// How it is called in the table.
    var fault: String
    /// What each mirror allows. A short window makes a test short: its seals, gaps and slots of the dead are as long as the window.
    var count = 10
    var window = Duration.seconds(1)
    var latency = "20ms"
    var processes = 5
    /// The posts that are wanted, each by one process.
    var posts = 160
    /// More posts than these may be asked for again: what was under way when its process or its claim to the key was lost.
    var repeats = 20
    /// More options of the first mirrors.
    var mirrors: [[String]] = []
    /// The mirrors whose arrivals make the figures: those that behave.
    var judged = 0..<2
    var redis = RedisServerOptions()
    var host = "127.0.0.1"
    var launcher: @Sendable (Int) -> [String] = { _ in [] }
    var change: (inout WorkerOptions) -> Void = { _ in }

    init(_ fault: String) { self.fault = fault }

    var limit: String { "\(count)/\(window.text)" }

    /// Runs it.
    /// - Parameters:
    ///   - redis: the URL that the processes use, where it is not the plain one.
    ///   - disturb: called when a good part of the calls has been made.
    func play(
        redis url: (Scene) -> String = { $0.stage.redis.url }, _ disturb: (Scene, Crew) async throws -> Void
    ) async throws {
        try await Scene.play(limit: limit, latency: latency, posts: posts, extra: mirrors, redis: redis, host: host) { scene in
            let crew = try await scene.crew(workers(scene, redis: url(scene)), launcher: launcher)
            await crew.go()
            try await scene.wait(forRequests: posts / 4)
            try await disturb(scene, crew)
            let tally = try await scene.finish(crew)
            let expected = await crew.expectedCalls
            let arrivals = try await scene.arrivals()
            let violations = try await scene.stage.reports().reduce(0) { $0 + $1.violations }
            FaultTable.print(
                .init(
                    fault: fault, processes: processes, calls: expected, lost: expected - tally.calls, violations: violations,
                    figures: FaultFigures(arrivals: Array(arrivals[judged]), count: count, window: window)))
            #expect(tally.calls == expected)
            #expect(tally.wrong == 0)
            let complaints = await crew.complaints.suffix(2_000)
            #expect(tally.failures.isEmpty, "\(tally.failures.prefix(3)); the workers said: \(complaints)")
            #expect(arrivals.reduce(0) { $0 + $1.count } <= posts + repeats)
        }
    }

    private func workers(_ scene: Scene, redis: String) -> [WorkerOptions] {
        let share = posts / processes
        return (0..<processes).map { index in
            scene.worker([DemoItems("posts", (index * share + 1)...(index * share + share))]) {
                $0.redis = redis
                $0.lease = .milliseconds(600)
                $0.timeout = .seconds(1)
                $0.divides = true
                change(&$0)
            }
        }
    }
}

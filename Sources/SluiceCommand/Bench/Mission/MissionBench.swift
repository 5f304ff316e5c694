import SluiceHarness
import SluiceLoop

/// `sluice bench mission`: 240 answers through two strict mirrors by four processes, and how much of what the limits allow that uses.
struct MissionBench: Sendable {
    var settings: BenchSettings

    /// What each mirror allows in a window.
    private static let count = 30
    private static let mirrors = 2
    private static let processes = 4
    private static let posts = 240
    /// Windows that the limits make it take at least, after the first, which costs no time.
    private static let windows = posts / (count * mirrors) - 1

    private var window: Duration { .milliseconds(Int64(6_000 * settings.seconds)) }

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        let contestants = MissionSetting.all.map { setting in
            Contestant(name: setting.label) { try await play(setting) }
        }
        let samples = try await Contestant.takeTurns(contestants, rounds: settings.rounds, progress: progress)
        host.end()
        return BenchReport(
            subject: "mission", title: "The mission: \(Self.posts) answers through \(Self.mirrors) mirrors of \(limit)",
            rounds: settings.rounds, host: host, panels: panels(), samples: samples,
            notes: [
                "\(Self.processes) processes of four callers want \(Self.posts) answers, each once. The limits let them have the last after "
                    + "\(DemoText.seconds(window * Self.windows)) at best; what was used is that beside the time that it took, from the "
                    + "word to go to the last answer. Sixteen callers need four turns for the slots of a window, and a slot counts from its answer on, so "
                    + "slow answers cost their share; and where one request came first, the last answer needs its slot once more, a sixth of a "
                    + "window later. The mirrors judge: they count in a true sliding window, and refuse whatever is over it."
            ])
    }

    private var limit: String { "\(Self.count)/\(window.text)" }

    private func play(_ setting: MissionSetting) async throws -> [String: Double] {
        let options = ["--limit", limit, "--latency", setting.latency, "--posts", "\(Self.posts + 1)"]
        let stage = try await Stage.open(
            program: OwnProgram.path, mirrors: Array(repeating: options, count: Self.mirrors), pool: "demo")
        do {
            // A Redis that has only just started may have lost what others remember: they are waited for half a second, once. It tells
            // its age in whole seconds.
            try await stage.loop.sleep(until: Instant.now.advanced(by: .seconds(3)))
            let time = try await play(setting, at: stage)
            let reports = try await stage.reports()
            await stage.close()
            let refused = reports.reduce(0) { $0 + $1.refused + $1.refusedWhileBanned }
            let worst = reports.flatMap(\.worstWindows).map(\.worst).max() ?? 0
            guard refused == 0, worst <= Self.count else {
                throw BenchError("\(setting.label): \(refused) requests were refused, and a window held \(worst); report this as a bug")
            }
            let ideal = Double((window * Self.windows).nanoseconds) / 1e9
            return [
                "\(setting.key)_used": 100 * ideal / time, "\(setting.key)_seconds": time,
                "\(setting.key)_refused": Double(refused), "\(setting.key)_worst": Double(worst),
            ]
        } catch {
            await stage.close()
            throw error
        }
    }

    /// Everything, divided among the processes, and before it one answer where that is wanted; how many seconds it took.
    private func play(_ setting: MissionSetting, at stage: Stage) async throws -> Double {
        var first = worker(stage)
        first.items = [DemoItems("posts", (Self.posts + 1)...(Self.posts + 1))]
        first.callers = 1
        let share = Self.posts / Self.processes
        let workers = (0..<Self.processes).map { index in
            var worker = worker(stage)
            worker.items = [DemoItems("posts", (index * share + 1)...((index + 1) * share))]
            worker.divides = true
            return worker
        }
        var crews: [Crew] = []
        let result: Result<Double, any Error>
        do {
            crews.append(try await joined(workers, stage))
            if setting.isStaggered {
                crews.append(try await joined([first], stage))
                _ = try await finish(crews[1], stage)
                try await stage.loop.sleep(until: Instant.now.advanced(by: window * 5 / 6))
            }
            result = .success(try await finish(crews[0], stage))
        } catch {
            result = .failure(error)
        }
        for crew in crews { await crew.stop() }
        return try result.get()
    }

    private func worker(_ stage: Stage) -> WorkerOptions {
        var worker = WorkerOptions()
        worker.redis = stage.redis.url
        worker.mirrors = stage.mirrors.map(\.url)
        worker.limit = limit
        return worker
    }

    /// Starts workers, and returns when they have joined the pool.
    private func joined(_ workers: [WorkerOptions], _ stage: Stage) async throws -> Crew {
        let crew = try await Crew(on: stage, workers)
        do {
            try await stage.wait(for: "the workers' joining", patience: .seconds(30)) {
                try await crew.look()
                return await crew.areReady
            }
        } catch {
            await crew.stop()
            throw error
        }
        return crew
    }

    /// Lets a crew go; how many seconds passed until its last answer.
    private func finish(_ crew: Crew, _ stage: Stage) async throws -> Double {
        await crew.go()
        try await stage.wait(for: "the last answer", patience: window * (Self.windows + 2) + .seconds(60)) {
            try await crew.look()
            return await crew.areDone
        }
        let tally = try await crew.look()
        guard tally.failures.isEmpty, tally.wrong == 0, let last = tally.lastAnswer, let start = await crew.wentAt else {
            throw BenchError(
                "a call was not answered, or wrongly: \(tally.failures.first ?? "\(tally.wrong) answers"); report this as a bug")
        }
        return Double(last.microseconds(since: start)) / 1e6
    }

    private func panels() -> [BenchPanel] {
        func figures(_ key: String, _ target: (MissionSetting) -> BenchFigure.Target?) -> [BenchFigure] {
            MissionSetting.all.map { BenchFigure(key: "\($0.key)_\(key)", label: $0.label, target: target($0)) }
        }
        return [
            BenchPanel(
                title: "Used of what the limits allow", unit: "%", places: 1,
                figures: figures("used") { $0.latency == "0ms" ? .atLeast(99) : nil }),
            BenchPanel(
                title: "Refused by a mirror", unit: "requests", lessIsBetter: true, figures: figures("refused") { _ in .atMost(0) }),
            BenchPanel(
                title: "The fullest window, of \(Self.count)", unit: "requests", lessIsBetter: true,
                figures: figures("worst") { _ in .atMost(Double(Self.count)) }),
            BenchPanel(
                title: "Until the last answer", unit: "s", lessIsBetter: true, places: 2, figures: figures("seconds") { _ in nil }),
        ]
    }
}

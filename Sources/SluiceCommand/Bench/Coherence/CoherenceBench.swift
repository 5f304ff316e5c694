/// `sluice bench coherence`: how long after a write by one client another one serves the old answer from its memory.
struct CoherenceBench: Sendable {
    var settings: BenchSettings

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        let scene = try await CoherenceScene()
        let samples: [String: Samples]
        do {
            let contestant = Contestant(name: "writes and plain GETs by turns") {
                let (trips, delays) = try await scene.round(seconds: settings.seconds)
                return [
                    "get_p50_us": trips.quantile(0.5), "get_p99_us": trips.quantile(0.99),
                    "unheard_p50_us": delays.quantile(0.5), "unheard_p99_us": delays.quantile(0.99),
                ]
            }
            samples = try await Contestant.takeTurns([contestant], rounds: settings.rounds, progress: progress)
        } catch {
            await scene.close()
            throw error
        }
        await scene.close()
        host.end()
        return BenchReport(
            subject: "coherence", title: "Coherence: from a write until another client knows of it", rounds: settings.rounds, host: host,
            panels: panels, samples: samples,
            notes: [
                "One client changes a record in Redis, by HSET; a cache on another thread, with connections of its own, serves it from memory "
                    + "until it hears of that. The time is from before the write until memory no longer gives the old answer, which is looked "
                    + "at each time. The plain GET is by the writer, before each write."
            ])
    }

    private var panels: [BenchPanel] {
        [
            BenchPanel(
                title: "A write until it is known", unit: "µs", lessIsBetter: true,
                figures: [
                    BenchFigure(key: "get_p50_us", label: "plain GET, p50", isYardstick: true),
                    BenchFigure(key: "unheard_p50_us", label: "old answer served, p50", against: "get_p50_us", target: .atMost(1.5)),
                    BenchFigure(key: "get_p99_us", label: "plain GET, p99", isYardstick: true),
                    BenchFigure(key: "unheard_p99_us", label: "old answer served, p99", target: .atMost(2_000)),
                ])
        ]
    }
}

/// `sluice bench scale`: what a slot costs Redis when the same work is spread over more and more processes.
struct ScaleBench: Sendable {
    var settings: BenchSettings
    /// Slots a second of all processes together.
    var rate = 10_000
    /// How many processes share the work; the first is what the others are compared with.
    private let crowds: [Int]

    /// - Parameter mostProcesses: what needs more is left out.
    init(settings: BenchSettings, mostProcesses: Int) {
        self.settings = settings
        crowds = [1, 4, 16, 64].filter { $0 <= mostProcesses }
    }

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        let program = try OwnProgram.path
        let milliseconds = settings.millisecondsOfTicks
        let rate = rate
        @Sendable func measure(_ work: BenchWorkerOptions.Work, _ crowd: Int) async throws -> SlotScene.Round {
            let workers = (0..<crowd).map { index in
                var worker = BenchWorkerOptions()
                worker.work = work
                worker.rate = rate / crowd + (index < rate % crowd ? 1 : 0)
                worker.milliseconds = milliseconds
                // However many there are, together they keep the machine no busier by looking what is due.
                worker.pause = max(worker.pause, 250 * crowd)
                return worker
            }
            return try await SlotScene.measure(program: program, workers)
        }
        let yardsticks = crowds.map { crowd in
            Contestant(name: "\(crowd) processes, one EVALSHA for each") {
                ["evalsha_us_\(crowd)": try await measure(.script, crowd).redisPerSlot]
            }
        }
        let contestants = crowds.map { crowd in
            Contestant(name: "\(crowd) processes") {
                let round = try await measure(.pace, crowd)
                return [
                    "redis_us_\(crowd)": round.redisPerSlot, "commands_\(crowd)": round.commandsPerSlot,
                    "slots_\(crowd)": round.slotsPerSecond,
                    "p50_us_\(crowd)": round.tally.waits.quantile(0.5), "p99_us_\(crowd)": round.tally.waits.quantile(0.99),
                ]
            }
        }
        let samples = try await Contestant.takeTurns(yardsticks + contestants, rounds: settings.rounds, progress: progress)
        host.end()
        return BenchReport(
            subject: "scale", title: "The same \(BenchText.grouped(Double(rate))) slots a second, over more processes",
            rounds: settings.rounds, host: host, panels: panels(), samples: samples,
            notes: [
                "The limits never bind. One process is the yardstick of the others; one EVALSHA for each, a counter per window, is what slots "
                    + "would cost without Sluice."
            ])
    }

    private func panels() -> [BenchPanel] {
        func figures(_ key: String, target: BenchFigure.Target? = nil) -> [BenchFigure] {
            crowds.enumerated().map { index, crowd in
                BenchFigure(
                    key: "\(key)_\(crowd)", label: "\(crowd) \(crowd == 1 ? "process" : "processes")",
                    against: index > 0 ? "\(key)_\(crowds[0])" : nil, target: crowd == crowds.last && index > 0 ? target : nil)
            }
        }
        return [
            BenchPanel(
                title: "Redis's processor time", unit: "µs per slot", lessIsBetter: true, places: 2,
                figures: figures("redis_us", target: .atMost(1.25))),
            BenchPanel(
                title: "Redis's processor time, one EVALSHA for each", unit: "µs per slot", lessIsBetter: true, places: 2,
                figures: crowds.map {
                    BenchFigure(key: "evalsha_us_\($0)", label: "\($0) \($0 == 1 ? "process" : "processes")", isYardstick: true)
                }),
            BenchPanel(
                title: "What Redis is asked", unit: "commands per slot", lessIsBetter: true, places: 4, figures: figures("commands")),
            BenchPanel(title: "Slots that were had", unit: "slots/s", figures: figures("slots")),
            BenchPanel(title: "From asking to having, p50", unit: "µs", lessIsBetter: true, figures: figures("p50_us")),
            BenchPanel(title: "From asking to having, p99", unit: "µs", lessIsBetter: true, figures: figures("p99_us")),
        ]
    }
}

/// `sluice bench slots`: how fast slots are had, what they cost Redis, and how long from asking to having.
struct SlotsBench: Sendable {
    var settings: BenchSettings

    /// How many processes take slots at full speed.
    private let crowds: [Int]
    /// Slots a second of all processes where the rate is fixed.
    private static let rate = 10_000

    /// - Parameter mostProcesses: what needs more is left out.
    init(settings: BenchSettings, mostProcesses: Int) {
        self.settings = settings
        crowds = [1, 4, 16].filter { $0 <= mostProcesses }
    }

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        let program = try OwnProgram.path
        let samples = try await Contestant.takeTurns(
            contestants(program), rounds: settings.rounds, progress: progress)
        host.end()
        return BenchReport(
            subject: "slots", title: "Slots: leave to start one request", rounds: settings.rounds, host: host, panels: panels(),
            samples: samples,
            notes: [
                "The limits never bind: 2 mirrors of \(BenchText.grouped(Double(BenchWorkerOptions.boundless))) a second unless said. Each slot is taken by "
                    + "withSlot and given back, so reports are in all figures. A script counts as one command and each command in it as another.",
                "Where one caller asks now and then, the mirrors have \(BenchText.grouped(Double(BenchWorkerOptions.boundless))) a second, of which "
                    + "a node holds some ahead, or \(Supply.little.limit) each, of which it holds none: then each slot is asked for.",
                "One EVALSHA each is the cheapest limiter that there is, a counter per window (INCR, PEXPIRE): from 50 connections of "
                    + "redis-benchmark at full speed, and by our own client at the same rate from as many processes. A plain GET is "
                    + "our own client's, from the same process, as seldom and as unhurried as the slot beside it.",
            ] + (samples["evalsha_us"] == nil ? [RedisBenchmark.advice] : []))
    }

    private func contestants(_ program: String) -> [Contestant] {
        let milliseconds = Int(settings.seconds * 1_000)
        let ticks = settings.millisecondsOfTicks
        @Sendable func worker(_ work: BenchWorkerOptions.Work, leads: Bool = true, rate: Int = 0) -> BenchWorkerOptions {
            var options = BenchWorkerOptions()
            options.work = work
            options.leads = leads
            options.rate = rate
            options.tasks = 500
            switch work {
            case .pace, .script: options.milliseconds = ticks
            // Nobody holds anything ahead before calls have come again and again for some ticks.
            case .ask: options.milliseconds = 2 * milliseconds
            case .flood, .serve, .soak: options.milliseconds = milliseconds
            }
            return options
        }
        var list = [
            Contestant(name: "one EVALSHA each") {
                try await ScriptCost(seconds: settings.seconds).measure().map { ["evalsha_us": $0] } ?? [:]
            }
        ]
        for crowd in crowds {
            list.append(
                Contestant(name: "\(crowd) processes at full speed") {
                    let round = try await SlotScene.measure(
                        program: program, Array(repeating: worker(.flood), count: crowd))
                    return [
                        "flood_\(crowd)": round.slotsPerSecond, "flood_\(crowd)_commands": round.commandsPerSlot,
                        "flood_\(crowd)_redis_us": round.redisPerSlot,
                        "flood_\(crowd)_cpu_us": round.tally.processorSeconds / Double(max(1, round.tally.slots)) * 1e6,
                    ]
                })
        }
        list.append(
            Contestant(name: "4 processes at a fixed rate") {
                let round = try await SlotScene.measure(
                    program: program, Array(repeating: worker(.pace, rate: Self.rate / 4), count: 4))
                return [
                    "pace_4": round.slotsPerSecond, "pace_4_commands": round.commandsPerSlot, "pace_4_redis_us": round.redisPerSlot,
                    "pace_4_p50_us": round.tally.waits.quantile(0.5), "pace_4_p99_us": round.tally.waits.quantile(0.99),
                ]
            })
        list.append(
            Contestant(name: "one EVALSHA each at the same rate") {
                let round = try await SlotScene.measure(
                    program: program, Array(repeating: worker(.script, rate: Self.rate / 4), count: 4))
                return [
                    "pace_4_evalsha_us": round.redisPerSlot, "pace_4_evalsha_commands": round.commandsPerSlot,
                    "pace_4_evalsha_p50_us": round.tally.waits.quantile(0.5), "pace_4_evalsha_p99_us": round.tally.waits.quantile(0.99),
                ]
            })
        for supply in Supply.allCases {
            for manner in AskManner.allCases {
                list.append(
                    Contestant(name: "\(manner.label), \(supply.label)") {
                        var asker = worker(.ask, leads: manner != .direct)
                        asker.limit = supply.limit
                        let workers = Array(repeating: asker, count: manner == .follower ? 2 : 1)
                        let round = try await SlotScene.measure(program: program, workers) { leader in manner.chosen(leader) }
                        return [
                            "ask_\(supply)_\(manner)_p50_us": round.tally.waits.quantile(0.5),
                            "ask_\(supply)_\(manner)_p99_us": round.tally.waits.quantile(0.99),
                            "get_\(supply)_\(manner)_p50_us": round.tally.gets.quantile(0.5),
                        ]
                    })
            }
        }
        return list
    }

    /// How much the mirrors have to spare.
    private enum Supply: CaseIterable {
        case plenty, little

        var label: String {
            switch self {
            case .plenty: "plenty to spare"
            case .little: "little to spare"
            }
        }

        /// Never binds either. With the lesser one no node holds a slot ahead: see `SlotStock.abundance`.
        var limit: String {
            switch self {
            case .plenty: "\(BenchWorkerOptions.boundless)/1s"
            case .little: "7/100ms"
            }
        }
    }

    /// Who asks for a slot while nothing else happens.
    private enum AskManner: CaseIterable {
        case direct, leader, follower

        var label: String {
            switch self {
            case .direct: "one without a leader"
            case .leader: "the leader itself"
            case .follower: "one that a leader serves"
            }
        }

        var wanted: BenchFigure.Target? {
            switch self {
            case .direct: .atMost(1.5)
            case .leader, .follower: .atMost(3.5)
            }
        }

        /// Who of the processes asks.
        func chosen(_ leader: Int?) -> [Int] { [self == .follower && leader == 0 ? 1 : 0] }
    }

    private func panels() -> [BenchPanel] {
        let rates = crowds.map { crowd in
            BenchFigure(
                key: "flood_\(crowd)", label: "\(crowd) \(crowd == 1 ? "process" : "processes"), 500 tasks each",
                target: crowd == 1 ? .atLeast(300_000) : nil)
        }
        let paced = "4 processes, \(BenchText.grouped(Double(Self.rate))) slots/s in all"
        let pacedYardstick = "one EVALSHA each at the same rate"
        let commands = crowds.map { BenchFigure(key: "flood_\($0)_commands", label: "\($0) at full speed") }
        let costs = crowds.map { BenchFigure(key: "flood_\($0)_redis_us", label: "\($0) at full speed", against: "evalsha_us") }
        let asked = Supply.allCases.map { supply in
            BenchPanel(
                title: "From asking to having, one caller, 24 slots/s, \(supply.label)", unit: "µs", lessIsBetter: true,
                figures: AskManner.allCases.flatMap { manner in
                    let key = "\(supply)_\(manner)_p50_us"
                    return [
                        BenchFigure(key: "get_\(key)", label: "plain GET beside it", isYardstick: true),
                        BenchFigure(key: "ask_\(key)", label: "\(manner.label), p50", against: "get_\(key)", target: manner.wanted),
                        BenchFigure(key: "ask_\(supply)_\(manner)_p99_us", label: "\(manner.label), p99", against: "get_\(key)"),
                    ]
                })
        }
        return [
            BenchPanel(title: "As fast as they come", unit: "slots/s", figures: rates),
            BenchPanel(
                title: "Processor time of the processes", unit: "µs per slot", lessIsBetter: true, places: 2,
                figures: crowds.map { BenchFigure(key: "flood_\($0)_cpu_us", label: "\($0) at full speed") }),
            BenchPanel(
                title: "What Redis is asked", unit: "commands per slot", lessIsBetter: true, places: 4,
                figures: commands + [
                    BenchFigure(key: "pace_4_evalsha_commands", label: pacedYardstick, isYardstick: true),
                    BenchFigure(key: "pace_4_commands", label: paced, target: .atMost(0.05)),
                ]),
            BenchPanel(
                title: "Redis's processor time", unit: "µs per slot", lessIsBetter: true, places: 2,
                figures: [BenchFigure(key: "evalsha_us", label: "one EVALSHA each at full speed", isYardstick: true)]
                    + costs
                    + [
                        BenchFigure(key: "pace_4_evalsha_us", label: pacedYardstick, isYardstick: true),
                        BenchFigure(key: "pace_4_redis_us", label: paced, against: "pace_4_evalsha_us", target: .atMost(0.1)),
                    ]),
        ] + asked + [
            BenchPanel(
                title: "From asking to having, " + paced, unit: "µs", lessIsBetter: true,
                figures: [
                    BenchFigure(key: "pace_4_evalsha_p50_us", label: "one EVALSHA each, p50", isYardstick: true),
                    BenchFigure(key: "pace_4_p50_us", label: "p50", against: "pace_4_evalsha_p50_us"),
                    BenchFigure(key: "pace_4_evalsha_p99_us", label: "one EVALSHA each, p99", isYardstick: true),
                    BenchFigure(key: "pace_4_p99_us", label: "p99", against: "pace_4_evalsha_p99_us"),
                ])
        ]
    }
}

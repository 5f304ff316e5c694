import SluiceHarness
import SluiceLoop

/// `sluice bench soak`: everything at full load for long, while memory, files and the mirrors' judgement are watched.
struct SoakBench: Sendable {
    /// How long it takes, its warm-up included.
    var seconds: Double
    /// How many processes share the pool.
    var processes = 4

    /// Requests a second that each of the mirrors allows.
    private static let limit = 200
    private static let mirrors = 2
    /// MiB. Growth is seen from the middle of the first fifth to the middle of the last: of 2 MB in all that is four fifths.
    private static let mostGrowth = 1.5
    private static let megabyte = 1_048_576.0

    /// What is measured from comes after this: caches are full, connections open.
    private var warmUp: Double { min(60, seconds / 4) }

    /// What was watched.
    private struct Watch {
        var memory: [SoakTrend]
        var descriptors: [SoakTrend]
        var redisMemory = SoakTrend()
        var redisKeys = SoakTrend()
    }

    /// Runs; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        let options = ["--limit", "\(Self.limit)/1s", "--latency", "5ms", "--block", "60s", "--posts", "4000"]
        let stage = try await Stage.open(
            program: OwnProgram.path, mirrors: Array(repeating: options, count: Self.mirrors), pool: "bench")
        do {
            let crew = try await crew(at: stage)
            var samples: [String: Samples]
            do {
                let watch = try await watch(crew, stage, progress)
                let before = try await stage.reports()
                samples = figures(watch)
                await crew.stop()
                try judge(try await stage.reports(), before, calls: crew.soakCalls(), into: &samples)
            } catch {
                await crew.stop()
                throw error
            }
            await stage.close()
            host.end()
            return BenchReport(
                subject: "soak", title: "Soak: \(processes) processes at full load for \(BenchText.plain(seconds / 60)) min", rounds: 1,
                host: host, panels: panels(), samples: samples,
                notes: [
                    "\(Self.mirrors) strict mirrors of \(Self.limit) requests a second, which ban whoever exceeds that; 16 callers in each "
                        + "process get, purge, take slots and locks. Growth is from after the warm-up of \(Int(warmUp)) s to the end."
                ])
        } catch {
            await stage.close()
            throw error
        }
    }

    private func crew(at stage: Stage) async throws -> BenchCrew {
        var worker = BenchWorkerOptions()
        worker.work = .soak
        worker.redis = stage.redis.url
        worker.mirrors = stage.mirrors.map(\.url)
        worker.limit = "\(Self.limit)/1s"
        return try await BenchCrew(program: stage.program, Array(repeating: worker, count: processes))
    }

    private func watch(_ crew: BenchCrew, _ stage: Stage, _ progress: ProgressBar) async throws -> Watch {
        defer { progress.clear() }
        var watch = Watch(
            memory: Array(repeating: SoakTrend(), count: processes), descriptors: Array(repeating: SoakTrend(), count: processes))
        let start = Instant.now
        // Some 200 looks however long it takes, none of them oftener than four times a second.
        let pause = max(0.25, seconds / 200)
        while true {
            let passed = Double(Instant.now.microseconds(since: start)) / 1e6
            guard passed < seconds else { return watch }
            progress.show(Int(passed), of: Int(seconds))
            if passed >= warmUp {
                for (index, process) in crew.processes.enumerated() {
                    let footprint = try ProcessFootprint(of: process)
                    watch.memory[index].add(footprint.memory)
                    watch.descriptors[index].add(footprint.descriptors)
                }
                let memory = try await stage.redis.cli("INFO", "memory").firstMatch(of: #/used_memory:(\d+)/#).flatMap { Double($0.1) }
                watch.redisMemory.add(memory ?? 0)
                watch.redisKeys.add(Double(try await stage.redis.cli("DBSIZE")) ?? 0)
            }
            try await Task.sleep(for: .microseconds(Int64(pause * 1e6)))
        }
    }

    private func figures(_ watch: Watch) -> [String: Samples] {
        var samples: [String: Samples] = [
            "redis_memory": Samples([watch.redisMemory.end / Self.megabyte]),
            "redis_memory_growth": Samples([watch.redisMemory.growth / Self.megabyte]),
            "redis_keys": Samples([watch.redisKeys.end]), "redis_keys_growth": Samples([watch.redisKeys.growth]),
        ]
        for index in 0..<processes {
            samples["memory_\(index)"] = Samples([watch.memory[index].end / Self.megabyte])
            samples["memory_growth_\(index)"] = Samples([watch.memory[index].growth / Self.megabyte])
            samples["files_\(index)"] = Samples([watch.descriptors[index].end])
            samples["files_growth_\(index)"] = Samples([watch.descriptors[index].growth])
        }
        return samples
    }

    private func judge(
        _ reports: [MirrorReport], _ before: [MirrorReport], calls: (answered: Int, failed: Int), into samples: inout [String: Samples]
    ) throws {
        let requests = before.reduce(0) { $0 + $1.requests }
        samples["violations"] = Samples([Double(reports.reduce(0) { $0 + $1.violations })])
        samples["bans"] = Samples([Double(reports.reduce(0) { $0 + $1.bans })])
        samples["failed"] = Samples([Double(calls.failed)])
        samples["requests"] = Samples([Double(requests)])
        samples["answered"] = Samples([Double(calls.answered)])
        samples["utilisation"] = Samples([100 * Double(requests) / (Double(Self.limit * Self.mirrors) * seconds)])
    }

    private func panels() -> [BenchPanel] {
        func each(_ key: String, _ label: String, _ target: BenchFigure.Target? = nil) -> [BenchFigure] {
            (0..<processes).map { BenchFigure(key: "\(key)_\($0)", label: "process \($0 + 1)\(label)", target: target) }
        }
        return [
            BenchPanel(
                title: "What the mirrors saw", unit: "count", lessIsBetter: true,
                figures: [
                    BenchFigure(key: "violations", label: "requests over a limit", target: .atMost(0)),
                    BenchFigure(key: "bans", label: "bans", target: .atMost(0)),
                    BenchFigure(key: "failed", label: "calls without an answer", target: .atMost(0)),
                ]),
            BenchPanel(
                title: "Memory, after the warm-up", unit: "MiB", lessIsBetter: true, places: 2,
                figures: each("memory_growth", ", grown by", .atMost(Self.mostGrowth))
                    + [BenchFigure(key: "redis_memory_growth", label: "Redis, grown by", target: .atMost(Self.mostGrowth))]
                    + each("memory", "")
                    + [BenchFigure(key: "redis_memory", label: "Redis")]),
            BenchPanel(
                title: "Open files, after the warm-up", unit: "descriptors", lessIsBetter: true,
                figures: each("files_growth", ", grown by", .atMost(2)) + each("files", "")),
            BenchPanel(
                title: "Keys in Redis", unit: "keys", lessIsBetter: true,
                figures: [
                    BenchFigure(key: "redis_keys_growth", label: "grown by", target: .atMost(200)),
                    BenchFigure(key: "redis_keys", label: "at the end"),
                ]),
            BenchPanel(
                title: "What was done", unit: "count",
                figures: [
                    BenchFigure(key: "answered", label: "calls answered"), BenchFigure(key: "requests", label: "requests to the mirrors"),
                ]),
            BenchPanel(
                title: "Of what the limits allow", unit: "%", places: 1,
                figures: [BenchFigure(key: "utilisation", label: "requests, warm-up included")]),
        ]
    }
}

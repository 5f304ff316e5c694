import SluiceHarness
import SluiceLoop
import SluiceRedis

/// `sluice bench redis`: our client on one connection, beside `redis-benchmark`, at a server of its own.
struct RedisBench: Sendable {
    var settings: BenchSettings

    private static let sizes = [(bytes: 100, name: "100 B"), (bytes: 1_024, name: "1 KiB")]
    private static let crowds = [1, 50, 500]

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        let server = try await RedisServer()
        do {
            for size in Self.sizes { try await server.cli("SET", key(size.bytes), String(repeating: "x", count: size.bytes)) }
            let rig = try await RedisLoad(url: server.url, seconds: settings.seconds)
            let benchmark = RedisBenchmark(port: server.port, seconds: settings.seconds)
            let samples: [String: Samples]
            do {
                samples = try await Contestant.takeTurns(
                    yardsticks(benchmark) + ours(rig), rounds: settings.rounds, progress: progress)
            } catch {
                await rig.close()
                throw error
            }
            await rig.close()
            await server.stop()
            host.end()
            return BenchReport(
                subject: "redis", title: "Redis client: GET on one connection", rounds: settings.rounds, host: host, panels: panels(),
                samples: samples, notes: benchmark == nil ? [RedisBenchmark.advice] : [])
        } catch {
            await server.stop()
            throw error
        }
    }

    private func key(_ bytes: Int) -> String { "value:\(bytes)" }

    private func yardsticks(_ benchmark: RedisBenchmark?) -> [Contestant] {
        guard let benchmark else { return [] }
        var list = Self.sizes.map { size in
            Contestant(name: "redis-benchmark, \(size.name)") {
                let single = try await benchmark.run(connections: 1, ["GET", key(size.bytes)])
                let many = try await benchmark.run(connections: 50, ["GET", key(size.bytes)])
                return ["r1_\(size.bytes)_us": single.median, "r1_\(size.bytes)": single.perSecond, "r50_\(size.bytes)": many.perSecond]
            }
        }
        list.append(
            Contestant(name: "redis-benchmark, pipelined") {
                ["p50_100": try await benchmark.run(connections: 1, pipeline: 50, ["GET", key(100)]).perSecond]
            })
        return list
    }

    private func ours(_ load: RedisLoad) -> [Contestant] {
        Self.sizes.flatMap { size in
            Self.crowds.flatMap { crowd in
                RedisLoad.Place.allCases.map { place in
                    Contestant(name: "\(size.name), \(crowd) tasks") {
                        let result = try await load.run(key(size.bytes), tasks: crowd, place)
                        let name = "get_\(size.bytes)_\(crowd)_\(place.rawValue)"
                        var figures = [name: result.perSecond, name + "_cpu": result.processorSeconds / Double(result.count) * 1e6]
                        if crowd == 1 { figures[name + "_us"] = result.latencies.quantile(0.5) }
                        return figures
                    }
                }
            }
        }
    }

    private func panels() -> [BenchPanel] {
        var panels: [BenchPanel] = []
        for size in Self.sizes {
            var rates = [
                BenchFigure(key: "r1_\(size.bytes)", label: "redis-benchmark -c 1", isYardstick: true),
                BenchFigure(key: "r50_\(size.bytes)", label: "redis-benchmark -c 50", isYardstick: true),
                BenchFigure(key: "p50_\(size.bytes)", label: "redis-benchmark -c 1 -P 50", isYardstick: true),
            ]
            var costs: [BenchFigure] = []
            for crowd in Self.crowds {
                for place in RedisLoad.Place.allCases {
                    let name = "get_\(size.bytes)_\(crowd)_\(place.rawValue)"
                    let isJudged = size.bytes == 100 && place == .onLoop && crowd > 1
                    let tasks = "\(crowd) \(crowd == 1 ? "task" : "tasks")"
                    rates.append(
                        BenchFigure(
                            key: name, label: "sluice, \(tasks) \(place.text)",
                            against: crowd == 1 ? "r1_\(size.bytes)" : "r50_\(size.bytes)",
                            target: isJudged ? .atLeast(crowd == 50 ? 4.5 : 8) : nil))
                    costs.append(
                        BenchFigure(
                            key: name + "_cpu", label: "sluice, \(tasks) \(place.text)",
                            target: size.bytes == 100 && crowd == 50 ? .atMost(2.2) : nil))
                }
            }
            panels.append(BenchPanel(title: "GET \(size.name)", unit: "ops/s", figures: rates))
            var times = [BenchFigure(key: "r1_\(size.bytes)_us", label: "redis-benchmark -c 1", isYardstick: true)]
            for place in RedisLoad.Place.allCases {
                times.append(
                    BenchFigure(
                        key: "get_\(size.bytes)_1_\(place.rawValue)_us", label: "sluice, 1 task \(place.text)",
                        against: "r1_\(size.bytes)_us",
                        target: size.bytes == 100 && place == .onLoop ? .atMost(1.3) : nil))
            }
            panels.append(
                BenchPanel(title: "GET \(size.name), one after the other, p50", unit: "µs", lessIsBetter: true, places: 1, figures: times))
            panels.append(
                BenchPanel(
                    title: "Client's processor time, GET \(size.name)", unit: "s per 1M", lessIsBetter: true, places: 2, figures: costs))
        }
        return panels
    }
}

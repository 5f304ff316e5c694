import SluiceHTTP
import SluiceHarness
import SluiceLoop

/// `sluice bench gateway`: answers that the gateway holds in memory, beside nginx's `proxy_cache` in front of the same mirror.
struct GatewayBench: Sendable {
    var settings: BenchSettings

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        guard let wrk = WrkLoad(seconds: settings.seconds) else {
            throw BenchError(WrkLoad.advice("the gateway needs its load"))
        }
        var host = BenchHost()
        let stage = try await Stage.open(program: OwnProgram.path, mirrors: [[]], pool: "bench")
        do {
            let gateway = try await GatewayProcess(stage: stage)
            let nginx: NginxServer?
            do { nginx = try await NginxServer.start(.cache(of: stage.mirrors[0].url)) } catch {
                await gateway.stop()
                throw error
            }
            let samples: Result<[String: Samples], any Error>
            do {
                samples = .success(
                    try await Contestant.takeTurns(
                        contestants(wrk, gateway, nginx), rounds: settings.rounds, progress: progress))
            } catch { samples = .failure(error) }
            await gateway.stop()
            await nginx?.stop()
            let requests = try await stage.mirrors[0].report().requests
            await stage.close()
            host.end()
            return BenchReport(
                subject: "gateway", title: "Gateway: answers held in memory, 50 connections", rounds: settings.rounds, host: host,
                panels: panels(), samples: try samples.get(),
                notes: ["The mirror was asked \(requests) times in all; the rest came from the caches."]
                    + (nginx == nil ? [NginxServer.advice("the gateway has no yardstick")] : []))
        } catch {
            await stage.close()
            throw error
        }
    }

    private func contestants(_ wrk: WrkLoad, _ gateway: GatewayProcess, _ nginx: NginxServer?) -> [Contestant] {
        var list = [
            Contestant(name: "gateway") {
                let begin = try gateway.processorTime
                let result = try await wrk.run(gateway.url + "/posts/1")
                let used = try gateway.processorTime - begin
                return ["gateway": result.perSecond, "gateway_cpu": used / Double(result.requests) * 1e5]
            }
        ]
        if let nginx {
            list.append(
                Contestant(name: "nginx proxy_cache") {
                    let begin = try nginx.processorTime
                    let result = try await wrk.run(nginx.url + "/posts/1")
                    let used = try nginx.processorTime - begin
                    return ["nginx": result.perSecond, "nginx_cpu": used / Double(result.requests) * 1e5]
                })
        }
        return list
    }

    private func panels() -> [BenchPanel] {
        [
            BenchPanel(
                title: "GET of a cached answer", unit: "requests/s",
                figures: [
                    BenchFigure(key: "nginx", label: "nginx proxy_cache, 1 worker", isYardstick: true),
                    BenchFigure(key: "gateway", label: "sluice serve", against: "nginx", target: .atLeast(1)),
                ]),
            BenchPanel(
                title: "Processor time", unit: "s per 100k", lessIsBetter: true, places: 2,
                figures: [
                    BenchFigure(key: "nginx_cpu", label: "nginx proxy_cache, 1 worker", isYardstick: true),
                    BenchFigure(key: "gateway_cpu", label: "sluice serve", against: "nginx_cpu", target: .atMost(1)),
                ]),
        ]
    }
}

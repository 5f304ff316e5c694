import SluiceHTTP
import SluiceHarness
import SluiceLoop

/// `sluice bench http`: our HTTP client beside wrk at the same server, and our HTTP server beside nginx under the same load.
struct HTTPBench: Sendable {
    var settings: BenchSettings

    /// Measures; the report.
    func report(_ progress: ProgressBar) async throws -> BenchReport {
        var host = BenchHost()
        var notes: [String] = []
        let nginx = try await NginxServer.start(.fixed(body: FixedServer.body))
        do {
            let crew = try await server()
            do {
                let ours = try crew.url
                let wrk = WrkLoad(seconds: settings.seconds)
                if nginx == nil { notes.append(NginxServer.advice("our own server stands in for it, and has no yardstick")) }
                if wrk == nil { notes.append(WrkLoad.advice("the client has no yardstick, and the server is not measured")) }
                let load = try HTTPLoad(url: nginx?.url ?? ours, seconds: settings.seconds)
                let samples: [String: Samples]
                do {
                    samples = try await Contestant.takeTurns(
                        contestants(load, wrk: wrk, nginx: nginx, ours: ours, process: crew.processes[0]), rounds: settings.rounds,
                        progress: progress)
                } catch {
                    await load.close()
                    throw error
                }
                await load.close()
                await crew.stop()
                await nginx?.stop()
                host.end()
                return BenchReport(
                    subject: "http", title: "HTTP: 50 connections on loopback, answers of 100 B", rounds: settings.rounds, host: host,
                    panels: panels(isNginx: nginx != nil), samples: samples, notes: notes)
            } catch {
                await crew.stop()
                throw error
            }
        } catch {
            await nginx?.stop()
            throw error
        }
    }

    private func server() async throws -> BenchCrew {
        var options = BenchWorkerOptions()
        options.work = .serve
        return try await BenchCrew(program: OwnProgram.path, [options])
    }

    private func contestants(_ load: HTTPLoad, wrk: WrkLoad?, nginx: NginxServer?, ours: String, process: Int32) -> [Contestant] {
        var list: [Contestant] = []
        if let wrk, let nginx {
            list.append(
                Contestant(name: "wrk at nginx") {
                    let begin = try nginx.processorTime
                    let result = try await wrk.run(nginx.url)
                    let used = try nginx.processorTime - begin
                    return ["wrk": result.perSecond, "nginx_cpu": used / Double(result.requests) * 1e5]
                })
        }
        if let wrk {
            list.append(
                Contestant(name: "wrk at our server") {
                    let begin = try ProcessorTime.of(process)
                    let result = try await wrk.run(ours)
                    let used = try ProcessorTime.of(process) - begin
                    var figures = ["server": result.perSecond, "server_cpu": used / Double(result.requests) * 1e5]
                    if nginx == nil { figures["wrk"] = result.perSecond }
                    return figures
                })
        }
        for connections in [1, 50] {
            list.append(
                Contestant(name: "our client, \(connections)") {
                    let result = try await load.run(tasks: connections)
                    return [
                        "client_\(connections)": result.perSecond,
                        "client_\(connections)_cpu": result.processorSeconds / Double(result.count) * 1e5,
                    ]
                })
        }
        return list
    }

    private func panels(isNginx: Bool) -> [BenchPanel] {
        let origin = isNginx ? "nginx" : "our server"
        let server = BenchFigure(
            key: "server", label: "our server under wrk", against: isNginx ? "wrk" : nil, target: isNginx ? .atLeast(1) : nil)
        let wrk = BenchFigure(key: "wrk", label: "wrk at \(origin)", isYardstick: true)
        return [
            BenchPanel(
                title: "Client", unit: "requests/s",
                figures: [
                    wrk,
                    BenchFigure(key: "client_50", label: "sluice at \(origin), 50 tasks", against: "wrk", target: .atLeast(0.55)),
                    BenchFigure(key: "client_1", label: "sluice at \(origin), 1 task", against: "wrk"),
                ]),
            BenchPanel(
                title: "Client's processor time", unit: "s per 100k", lessIsBetter: true, places: 2,
                figures: [
                    BenchFigure(key: "client_50_cpu", label: "50 tasks", target: .atMost(2.2)),
                    BenchFigure(key: "client_1_cpu", label: "1 task"),
                ]),
            BenchPanel(title: "Server", unit: "requests/s", figures: (isNginx ? [wrk] : []) + [server]),
            BenchPanel(
                title: "Server's processor time", unit: "s per 100k", lessIsBetter: true, places: 2,
                figures: [
                    BenchFigure(key: "nginx_cpu", label: "nginx", isYardstick: true),
                    BenchFigure(key: "server_cpu", label: "our server", against: "nginx_cpu"),
                ]),
        ]
    }
}

import SluiceHarness

/// `sluice serve` in a process of its own.
final class GatewayProcess: Sendable {
    let url: String
    private let child: ChildProcess

    /// Starts one on a free port, and returns when it listens.
    init(stage: Stage) async throws {
        var attempt = 1
        while true {
            let port = try FreePort.next()
            let mirrors = stage.mirrors.flatMap { ["--mirror", $0.url] }
            // Longer than any benchmark, so that nothing is fetched a second time.
            let child = try ChildProcess(
                stage.program,
                ["serve", "--listen", "127.0.0.1:\(port)", "--redis", stage.redis.url, "--pool", "bench", "--fresh", "1h"] + mirrors,
                environment: ["SLUICE_CONFIG": nil, "SLUICE_MIRRORS": nil])
            do {
                try await child.waitForOutput(containing: "listening on")
            } catch {
                await child.kill()
                guard attempt < 5 else { throw error }
                attempt += 1
                continue
            }
            self.child = child
            url = "http://127.0.0.1:\(port)"
            return
        }
    }

    /// The seconds of a processor that it has used.
    var processorTime: Double {
        get throws { try ProcessorTime.of(child.processIdentifier) }
    }

    /// Ends it and waits until it is gone.
    func stop() async { await child.stop(grace: .seconds(5)) }
}

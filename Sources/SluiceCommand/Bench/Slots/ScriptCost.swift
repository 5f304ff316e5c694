import SluiceHarness

/// What every permit costs where each asks Redis with a script of its own, as fast as Redis can: see `CounterScript`.
struct ScriptCost: Sendable {
    var seconds: Double

    /// Microseconds of Redis's processor for each call from 50 connections; nil where redis-benchmark is not installed.
    func measure() async throws -> Double? {
        let server = try await RedisServer()
        do {
            guard let benchmark = RedisBenchmark(port: server.port, seconds: seconds), let process = server.processIdentifier else {
                await server.stop()
                return nil
            }
            let command = [
                "EVALSHA", try await server.cli("SCRIPT", "LOAD", CounterScript.source), "1", CounterScript.key, CounterScript.window,
            ]
            _ = try await benchmark.run(connections: 50, command)
            let calls = Int(try await server.cli("GET", CounterScript.key)) ?? 0
            let begin = try ProcessorTime.of(process)
            _ = try await benchmark.run(connections: 50, command)
            let used = try ProcessorTime.of(process) - begin
            let count = (Int(try await server.cli("GET", CounterScript.key)) ?? 0) - calls
            await server.stop()
            guard count > 0 else { throw BenchError("redis-benchmark ran no script; run the benchmark again") }
            return used / Double(count) * 1e6
        } catch {
            await server.stop()
            throw error
        }
    }
}

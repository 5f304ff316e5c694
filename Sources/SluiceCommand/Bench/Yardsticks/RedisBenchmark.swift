import SluiceHarness
import Synchronization

/// `redis-benchmark`, which comes with Redis: what a server gives to a plain C program.
final class RedisBenchmark: Sendable {
    /// What one run measured.
    struct Result: Sendable {
        var perSecond: Double
        /// Microseconds from a command to its reply.
        var median: Double
    }

    private let program: String
    private let port: UInt16
    private let seconds: Double
    /// What each command line last did a second, so that the next run takes as long as it should.
    private let pace = Mutex<[[String]: Double]>([:])

    /// - Parameter seconds: how long a run should take, about.
    /// - Returns: nil where the program is not installed.
    init?(port: UInt16, seconds: Double) {
        guard let program = InstalledProgram.path("redis-benchmark") else { return nil }
        self.program = program
        self.port = port
        self.seconds = seconds
    }

    /// What to say where it is not installed.
    static var advice: String {
        InstalledProgram.advice("redis-benchmark", package: "redis-tools", without: "its yardsticks are left out")
    }

    /// Sends one command over and over.
    func run(connections: Int, pipeline: Int = 1, _ command: [String]) async throws -> Result {
        let line = ["-h", "127.0.0.1", "-p", "\(port)", "-c", "\(connections)", "-P", "\(pipeline)"]
        let known = pace.withLock { $0[line + command] } ?? 20_000
        var count = max(connections * pipeline * 10, Int(known * seconds))
        while true {
            let run = try await ChildProcess.run(program, line + ["-n", "\(count)", "--csv"] + command)
            guard run.ending == .exited(0), let result = Self.read(run.standardOutput), count < 1_000_000_000 else {
                throw BenchError("\(run.command) did not work: \(run.standardOutput.suffix(300))\(run.standardError.suffix(300))")
            }
            // It counts whole milliseconds: a run of none is infinitely fast.
            guard result.perSecond.isFinite, result.perSecond > 0, result.median.isFinite, result.median > 0 else {
                count *= 4
                continue
            }
            pace.withLock { $0[line + command] = result.perSecond }
            return result
        }
    }

    /// The last line of its table, by the names in the first.
    static func read(_ output: String) -> Result? {
        let rows = output.split(separator: "\n").map { line in
            line.split(separator: "\",\"", omittingEmptySubsequences: false).map { $0.filter { $0 != "\"" } }
        }
        guard let names = rows.first(where: { $0.contains("rps") }), let values = rows.last, values.count == names.count else { return nil }
        func number(_ name: String) -> Double? { names.firstIndex(of: name).flatMap { Double(values[$0]) } }
        guard let perSecond = number("rps"), let median = number("p50_latency_ms") else { return nil }
        return Result(perSecond: perSecond, median: median * 1_000)
    }
}

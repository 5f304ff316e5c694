import SluiceHarness

/// `wrk`: HTTP load from one thread of a plain C program.
struct WrkLoad: Sendable {
    /// What one run measured.
    struct Result: Sendable {
        var perSecond: Double
        var requests: Int
        /// The seconds that it took, by its own account.
        var seconds: Double
    }

    private let program: String
    /// How long a run takes: wrk knows whole seconds only.
    let seconds: Int

    /// - Returns: nil where the program is not installed.
    init?(seconds: Double) {
        guard let program = InstalledProgram.path("wrk") else { return nil }
        self.program = program
        self.seconds = max(1, Int(seconds.rounded(.up)))
    }

    /// What to say where it is not installed.
    static func advice(_ without: String) -> String { InstalledProgram.advice("wrk", package: "wrk", without: without) }

    /// Asks for one URL over and over.
    /// - Throws: `BenchError` when an answer was an error, or none came.
    func run(_ url: String, connections: Int = 50) async throws -> Result {
        // On a host that is very busy a second may pass without an answer; a server that does not work gives none in longer ones either.
        for attempt in 1... {
            let run = try await ChildProcess.run(program, ["-t1", "-c\(connections)", "-d\(seconds * attempt)s", url])
            if run.ending == .exited(0), let result = Self.read(run.standardOutput) { return result }
            guard attempt < 4, run.standardOutput.contains(" 0 requests in ") else {
                throw BenchError("\(run.command) did not work: \(run.standardOutput.suffix(400))\(run.standardError.suffix(300))")
            }
        }
        throw BenchError("wrk at \(url) brought nothing")
    }

    /// Reads its report; nil when something is missing, or it tells of errors.
    static func read(_ output: String) -> Result? {
        guard !output.contains("Non-2xx"), let perSecond = output.firstMatch(of: /Requests\/sec:\s+([0-9.]+)/).flatMap({ Double($0.1) }),
            let requests = output.firstMatch(of: #/(\d+) requests in /#).flatMap({ Int($0.1) }), perSecond > 0, requests > 0
        else { return nil }
        return Result(perSecond: perSecond, requests: requests, seconds: Double(requests) / perSecond)
    }
}

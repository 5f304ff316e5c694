import Glibc
import Sluice
import SluiceLoop

/// `sluice get`: prints the answers to GET requests.
struct GetCommand: Command {
    static let manual = Manual(
        name: "get",
        summary: "prints the answers to GET requests, from Redis or from a mirror that has a slot free.",
        synopsis: "[options] PATH…",
        operands: [("PATH…", "begins with one slash and may have a query: /posts/55 '/todos?userId=1'")],
        operandCount: 1...100_000,
        groups: [
            Manual.Group(
                title: "Options",
                options: [
                    .init(
                        name: "verbose", letter: "v",
                        purpose: "tell on standard error for each path: status, where the answer came from, its age, the time it took"),
                    .init(
                        name: "override",
                        purpose:
                            "let --fresh and --stale, as far as they are given here, hold whatever the answers say of their life; what "
                            + "forbids keeping (no-store, private, Vary: *) is obeyed all the same"),
                    .init(
                        name: "max-age", value: "TIME",
                        purpose: "take only what a mirror gave within this time; anything older is fetched anew, once for all"),
                    .init(
                        name: "concurrency", value: "COUNT", purpose: "how many paths are asked for at once, 1 to 1000", standard: "16"),
                ]),
            PoolOptions.group(PoolOptions.calling),
        ],
        notes: [
            "Bodies are printed in the order of the paths, each followed by a line end if it has none. Paths that fail are told on "
                + "standard error and do not stop the others. Processes that use the same pool at the same Redis keep the limits "
                + "together and fetch each answer once; without Redis the limits hold for this process only.",
            "Times are a whole number and ms, s, m, h or d.",
        ],
        statuses: [
            (.success, "every path was answered, with a status below 400"),
            (.failure, "a path had no answer, or one with an error status (its body is printed all the same)"),
        ],
        examples: [
            "get --mirror http://127.0.0.1:9001,limit=30/60s --mirror http://127.0.0.1:9002,limit=30/60s /posts/55",
            "get --redis redis://127.0.0.1:6379/0 --config pool.json -v /posts/1 /posts/2",
        ])

    private let paths: [String]
    private let isVerbose: Bool
    private let concurrency: Int
    private let configuration: PoolConfiguration
    private let options: CallOptions

    init(_ arguments: Arguments, environment: [String: String]) throws {
        paths = arguments.operands
        isVerbose = arguments.has("verbose")
        concurrency = try arguments.count("concurrency", in: 1...1000) ?? 16
        var configuration = try PoolOptions.configuration(arguments, environment: environment)
        configuration.isLongLived = false
        self.configuration = configuration
        var options = CallOptions(maxAge: try arguments.time("max-age"))
        if arguments.has("override") {
            options.overridesAnswer = true
            options.fresh = arguments.has(PoolSetting.fresh.flag) ? configuration.cache.fresh : nil
            options.stale = arguments.has(PoolSetting.stale.flag) ? configuration.cache.stale : nil
            guard options.fresh != nil || options.stale != nil else {
                throw UsageError("--override overrides nothing; give --fresh TIME, --stale TIME or both with it")
            }
        }
        self.options = options
    }

    /// What became of one path, and how long it took.
    private typealias Outcome = (result: Result<Answer, SluiceError>, time: Duration)

    func run(_ console: Console) async throws -> ExitStatus {
        if configuration.redis == nil { console.error(PoolWords.embedded(for: "get")) }
        var configuration = configuration
        configuration.log = { console.error("sluice get: \($0)") }
        let interruption = await Interruption()
        let pool = try await MirrorPool(configuration)
        let status = await interruption.cancelling { await printAnswers(from: pool, console) }
        await pool.shutDown(grace: .zero)
        guard let signal = interruption.signal else { return status }
        console.error("sluice get: ended by \(signal == SIGINT ? "SIGINT" : "SIGTERM"); what was not printed is given up")
        return .failure
    }

    /// Asks for all paths, several at a time, and prints each answer as soon as all before it are printed.
    private func printAnswers(from pool: MirrorPool, _ console: Console) async -> ExitStatus {
        var status = ExitStatus.success
        await withTaskGroup(of: (Int, Outcome).self) { group in
            var waiting: [Int: Outcome] = [:]
            var asked = 0
            var printed = 0
            while printed < paths.count {
                // The window bounds what is held back for the order's sake, not only what is under way.
                while asked < paths.count, asked - printed < concurrency * 4, asked - printed - waiting.count < concurrency {
                    let index = asked
                    group.addTask { (index, await ask(paths[index], from: pool)) }
                    asked += 1
                }
                guard let (index, outcome) = await group.next() else { break }
                waiting[index] = outcome
                while let next = waiting.removeValue(forKey: printed) {
                    if !show(next, of: paths[printed], console) { status = .failure }
                    printed += 1
                }
            }
        }
        return status
    }

    private func ask(_ path: String, from pool: MirrorPool) async -> Outcome {
        let start = Instant.now
        let result: Result<Answer, SluiceError>
        do throws(SluiceError) { result = .success(try await pool.get(path, options: options)) } catch { result = .failure(error) }
        return (result, .microseconds(Instant.now.microseconds(since: start)))
    }

    /// Prints an answer, or why there is none.
    /// - Returns: whether it is a good one.
    private func show(_ outcome: Outcome, of path: String, _ console: Console) -> Bool {
        switch outcome.result {
        case .success(let answer):
            if isVerbose { console.error("\(path): \(PoolWords.provenance(of: answer)), \(PoolWords.time(outcome.time))") }
            console.write(answer.body.last == UInt8(ascii: "\n") ? answer.body : answer.body + [UInt8(ascii: "\n")])
            guard answer.status >= 400 else { return true }
            if !isVerbose { console.error("sluice get: \(path): the API answered with status \(answer.status)") }
            return false
        case .failure(let error) where error.code == .cancelled:
            // Said once, for all.
            return false
        case .failure(let error):
            let later = error.retryAfter.map { "; worth another try in \(PoolWords.time($0))" } ?? ""
            // What is wrong with a path quotes it already.
            console.error("sluice get: \(error.code == .invalidRequest ? "" : "\(path): ")\(PoolWords.sentence(of: error))\(later)")
            return false
        }
    }
}

import Sluice

/// `sluice demo`, which has a parser of its own for what only it knows.
struct DemoCommand: Command {
    static let manual = Manual(
        name: "demo",
        summary: "the main job before your eyes: a private Redis, two strict mirrors, several processes that want everything.",
        synopsis: "[options]",
        groups: [
            Manual.Group(
                title: "Options",
                options: [
                    .init(name: "processes", value: "COUNT", purpose: "worker processes", standard: "4"),
                    .init(name: "callers", value: "COUNT", purpose: "callers in each process; each wants everything", standard: "4"),
                    .init(
                        name: "limit", value: "COUNT/WINDOW", purpose: "what each mirror allows; it bans whoever exceeds it",
                        standard: "30/6s"),
                    .init(
                        name: "latency", value: "TIME", purpose: "how long a mirror takes to answer: 50ms, or 20ms..80ms", standard: "50ms"),
                    .init(name: "rounds", value: "COUNT", purpose: "how often each caller wants everything", standard: "2"),
                    .init(name: "posts", value: "COUNT", purpose: "posts that are wanted", standard: "100"),
                    .init(name: "todos", value: "COUNT", purpose: "todos that are wanted, up to 200", standard: "200"),
                    .init(name: "kill-leader", purpose: "kill the process that leads, half way, and start another for its calls"),
                    .init(name: "no-leader", purpose: "let no process lead: each reserves its slots for itself"),
                ])
        ],
        notes: ["The table is printed on standard output, progress on standard error."],
        statuses: [(.success, "every guarantee held"), (.failure, "one did not, or the demo could not run or was interrupted")])

    private let words: [String]

    init(_ arguments: Arguments, environment: [String: String]) throws {
        words = arguments.options.map { $0.value.isEmpty ? "--\($0.name)" : "--\($0.name)=\($0.value)" }
        do throws(DemoError) { _ = try DemoOptions(arguments: words) } catch { throw UsageError("\(error)") }
    }

    func run(_ console: Console) async throws -> ExitStatus { ExitStatus(rawValue: await Demo.run(words)) ?? .failure }
}

/// A process of the demo; its arguments are the demo's own affair.
struct DemoWorkerCommand: Command {
    static let manual = Manual(
        name: "demo-worker", summary: "a process of sluice demo, which starts it.", synopsis: "…", takesWordsAsTheyAre: true,
        statuses: [(.success, "done"), (.failure, "failed")], isHidden: true)

    private let words: [String]

    init(_ arguments: Arguments, environment: [String: String]) { words = arguments.operands }

    func run(_ console: Console) async throws -> ExitStatus { ExitStatus(rawValue: await DemoWorker.run(words)) ?? .failure }
}

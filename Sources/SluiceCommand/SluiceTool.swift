import FoundationEssentials
import Glibc
import Sluice

/// The command `sluice`: finds the subcommand, reads its arguments, runs it, and turns how that ended into an exit status.
enum SluiceTool {
    /// The version that `--version` names.
    static let version = "0.1.0"

    /// All subcommands, in the order of the help.
    static let commands: [any Command.Type] = [
        GetCommand.self, WarmCommand.self, PurgeCommand.self, ServeCommand.self, StatusCommand.self, MirrorCommand.self, DemoCommand.self,
        BenchCommand.self, DemoWorkerCommand.self, BenchWorkerCommand.self,
    ]

    /// What the help lists.
    private static var manuals: [Manual] { commands.map { $0.manual }.filter { !$0.isHidden } }

    /// Runs `sluice` with these arguments (without the program's name), away from the main actor, so that a blocked terminal
    /// holds nothing else up.
    @concurrent static func run(_ words: [String]) async -> ExitStatus {
        // A reader that went away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        return await run(words, environment: ProcessInfo.processInfo.environment, console: Console())
    }

    /// Runs `sluice` with these arguments and environment, writing to `console`.
    static func run(_ words: [String], environment: [String: String], console: Console) async -> ExitStatus {
        guard let first = words.first else {
            console.error(overview)
            return .usage
        }
        switch first {
        case "--help", "-h":
            console.print(overview)
            return .success
        case "help":
            return await run(words.count > 1 ? [words[1], "--help"] : ["--help"], environment: environment, console: console)
        case "--version":
            console.print("sluice \(version)")
            return .success
        default: break
        }
        guard let command = commands.first(where: { $0.manual.name == first }) else {
            let known = manuals.map(\.name)
            let kind = first.hasPrefix("-") ? "option" : "command"
            let question = NearestName.question(first, among: kind == "option" ? ["--help", "--version"] : known)
            console.error("sluice: there is no \(kind) “\(first)”\(question)\nSee sluice --help.")
            return .usage
        }
        return await run(command, Array(words.dropFirst()), environment: environment, console: console)
    }

    private static func run(
        _ command: any Command.Type, _ words: [String], environment: [String: String], console: Console
    ) async -> ExitStatus {
        let name = "sluice \(command.manual.name)"
        do {
            guard let arguments = try Arguments.read(words, for: command.manual) else {
                console.print(command.manual.text)
                return .success
            }
            for slip in PoolConfiguration.slips(in: environment) {
                console.error("\(name): the environment variable \(slip.written) has no effect; did you mean \(slip.meant)?")
            }
            return try await command.init(arguments, environment: environment).run(console)
        } catch let error as UsageError {
            console.error("\(name): \(error)\nSee \(name) --help.")
            return .usage
        } catch {
            console.error("\(name): \(PoolWords.sentence(of: error))")
            return (error as? SluiceError)?.code == .invalidConfiguration ? .usage : .failure
        }
    }

    /// The help of the whole.
    static var overview: String {
        var page = HelpPage()
        page.paragraph(
            "sluice: calls a rate-limited HTTP API through all of its mirrors at once, as fast as their limits allow and never "
                + "faster, from any number of processes; each answer is fetched once and then served from memory or Redis.")
        page.paragraph("Usage: sluice COMMAND [options]")
        page.list("Commands", manuals.map { ($0.name, $0.summary) })
        page.list("Options", [("-h, --help", "this help; sluice COMMAND --help tells a command's options"), ("--version", "the version")])
        page.list(
            "Exit status",
            [("0", "done"), ("1", "failed, or done only in part"), ("2", "the command line or the configuration makes no sense")])
        page.paragraph("Example: sluice get --mirror https://jsonplaceholder.typicode.com,limit=30/60s /posts/55")
        return page.text
    }
}

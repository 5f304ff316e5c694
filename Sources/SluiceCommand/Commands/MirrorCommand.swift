import Sluice
import SluiceLoop
import SluiceMirror

/// `sluice mirror`: a strict mirror, until it is told to stop.
struct MirrorCommand: Command {
    static let manual = Manual(
        name: "mirror",
        summary: "a strict mirror of a JSONPlaceholder-shaped API that enforces its limits and counts every request.",
        synopsis: "[options]",
        groups: [
            Manual.Group(
                title: "Options",
                options: StrictMirrorOptions.names.map { option in
                    Manual.Option(
                        name: option.name, value: option.value, isRepeatable: option.name == "limit", purpose: option.purpose,
                        standard: ["listen": "127.0.0.1:0", "name": "mirror", "algorithm": "log", "latency": "0s"][option.name])
                })
        ],
        notes: [
            "Prints its URL on standard output once it listens, and nothing else there; scripts can wait for that line. What it saw "
                + "is at /__stats (JSON) and /__log (JSON lines) while it runs, and is summed up on standard error when SIGTERM or "
                + "SIGINT ends it. A request over a limit is answered with 429 and Retry-After, all during a ban with 403.",
            "Whatever the algorithm refuses, the violations and worst windows that are reported are those of a true sliding window over "
                + "the requests that came; what was refused, and the strangers' requests, are counted apart.",
            "Durations are a whole number and ms, s, m, h or d.",
        ],
        statuses: [(.success, "it was told to stop"), (.failure, "it could not listen")],
        examples: ["mirror --listen 127.0.0.1:9001 --limit 30/60s --block 60s --latency 50ms --name a"])

    private let options: StrictMirrorOptions

    init(_ arguments: Arguments, environment: [String: String]) throws {
        var options = StrictMirrorOptions()
        for option in arguments.options {
            do throws(MirrorError) { try options.set(option.name, to: option.value) } catch { throw UsageError(error.message) }
        }
        for name in ["algorithm", "strangers", "block"] where options.limits.isEmpty && arguments.has(name) {
            throw UsageError("--\(name) does nothing without a limit; give --limit COUNT/WINDOW beside it, such as 30/60s")
        }
        self.options = options
    }

    func run(_ console: Console) async throws -> ExitStatus {
        let interruption = await Interruption()
        let loop = EventLoop(name: "mirror")
        let mirror = StrictMirror(on: loop, options: options)
        let address = try await mirror.start()
        console.print("http://\(address)")
        await interruption.wait()
        await mirror.shutDown()
        console.error(Self.summary(await mirror.stats))
        await loop.shutDown()
        return .success
    }

    /// What a mirror saw, in a few words.
    static func summary(_ stats: MirrorStats) -> String {
        var parts = ["\(PoolWords.counted(stats.requests, "request")) for \(PoolWords.counted(stats.distinctTargets, "target"))"]
        parts += stats.worstWindows.map { "at most \($0.worst) in \($0.limit.window.text) (limit \($0.limit.count))" }
        parts.append(PoolWords.counted(stats.violations, "violation"))
        if stats.refused != stats.violations { parts.append("\(stats.refused) refused") }
        parts.append(PoolWords.counted(stats.bans, "ban"))
        return "mirror \(stats.name): " + parts.joined(separator: ", ")
    }
}

import SluiceLoop
package import SluiceMirror

/// What `sluice demo` is asked to show.
package struct DemoOptions: Sendable {
    /// Worker processes.
    package var processes = 4
    /// Callers in each process. Each wants everything.
    package var callers = 4
    /// What each of the two mirrors allows, as text.
    package var limit = "30/6s"
    /// How long a mirror takes to answer, as text.
    package var latency = "50ms"
    /// How often each caller wants everything.
    package var rounds = 2
    /// Posts that are wanted.
    package var posts = 100
    /// Todos that are wanted, at most 200.
    package var todos = 200
    /// Whether the process that leads is killed half way.
    package var killsLeader = false
    /// False: no process ever leads; each reserves for itself.
    package var leads = true

    /// Mirrors that are started.
    package static let mirrors = 2

    package init() {}

    /// Reads options as the command's parser writes them: `--name=value`, or `--name` for a switch.
    /// - Throws: `DemoError` naming the option, its value and what would do.
    package init(arguments: [String]) throws(DemoError) {
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = parts[0]
            let value = parts.count == 2 ? parts[1] : ""
            switch name {
            case "--processes": processes = try DemoText.count(value, of: name, in: 1...64)
            case "--callers": callers = try DemoText.count(value, of: name, in: 1...256)
            case "--rounds": rounds = try DemoText.count(value, of: name, in: 1...100)
            case "--posts": posts = try DemoText.count(value, of: name, in: 0...10_000)
            case "--todos": todos = try DemoText.count(value, of: name, in: 0...PlaceholderData.todos)
            case "--limit":
                limit = value
                _ = try mirrorLimit
            case "--latency":
                latency = value
                do { _ = try MirrorLatency(text: latency) } catch { throw DemoError("--latency: \(error.message)") }
            case "--kill-leader": killsLeader = true
            case "--no-leader": leads = false
            default: throw DemoError("“\(argument)” is no option of the demo")
            }
        }
        guard posts + todos >= 1 else { throw DemoError("--posts and --todos are both 0: nothing is wanted; give at least one") }
        guard !killsLeader || leads else { throw DemoError("--kill-leader and --no-leader exclude each other; leave one out") }
    }

    /// What each mirror allows.
    package var mirrorLimit: MirrorLimit {
        get throws(DemoError) {
            do {
                return try MirrorLimit(text: limit)
            } catch {
                throw DemoError("--limit: \(error.message)")
            }
        }
    }

    /// Different answers that are wanted: the requests that must be made.
    package var needs: Int { posts + todos }

    /// Calls of all callers together.
    package var calls: Int { processes * callers * rounds * needs }

    /// The time that the limits alone cost: with c requests a window over all mirrors, the last of n requests can start
    /// after ⌈n / c⌉ − 1 windows at the earliest.
    package func idealTime(requests: Int) throws(DemoError) -> Duration {
        let limit = try mirrorLimit
        let capacity = limit.count * Self.mirrors
        return limit.window * (max(1, (requests + capacity - 1) / capacity) - 1)
    }

    /// Requests that may be made twice: what the killed process had under way dies with it.
    package var allowedRepeats: Int { killsLeader ? callers : 0 }
}

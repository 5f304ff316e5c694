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
    /// Whether only the usage is wanted.
    package var wantsHelp = false

    /// Mirrors that are started.
    package static let mirrors = 2

    package init() {}

    /// What `sluice demo --help` prints.
    package static let usage = """
        Usage: sluice demo [options]

        Starts a private Redis, two strict mirrors and some processes that want every answer of an API at once, and shows that
        no mirror is asked too often, that each answer is fetched once, and how close to the limits it goes.

          --processes N     worker processes (4)
          --callers N       callers in each process; each wants everything (4)
          --limit N/WINDOW  what each mirror allows; it bans whoever exceeds it (30/6s)
          --latency TIME    how long a mirror takes to answer: 50ms, or 20ms..80ms (50ms)
          --rounds N        how often each caller wants everything (2)
          --posts N         posts that are wanted (100)
          --todos N         todos that are wanted, up to 200 (200)
          --kill-leader     kill the process that leads, half way, and start another for the rest of its calls
          --no-leader       let no process lead: each reserves its slots for itself

        The table is printed on standard output, progress on standard error. Exit status: 0 when every guarantee held, 1 when
        one did not, 2 when the options are wrong.

        """

    /// Reads the arguments after `demo`.
    /// - Throws: `DemoError` naming the option, its value and what would do.
    package init(arguments: [String]) throws(DemoError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            var name = argument
            var given: String?
            if argument.hasPrefix("--"), let sign = argument.firstIndex(of: "=") {
                name = String(argument[..<sign])
                given = String(argument[argument.index(after: sign)...])
            }
            func value() throws(DemoError) -> String {
                if let given { return given }
                guard let next = rest.popFirst() else { throw DemoError("\(name) lacks its value; see sluice demo --help") }
                return next
            }
            switch name {
            case "--processes": processes = try DemoText.count(value(), of: name, in: 1...64)
            case "--callers": callers = try DemoText.count(value(), of: name, in: 1...256)
            case "--rounds": rounds = try DemoText.count(value(), of: name, in: 1...100)
            case "--posts": posts = try DemoText.count(value(), of: name, in: 0...10_000)
            case "--todos": todos = try DemoText.count(value(), of: name, in: 0...PlaceholderData.todos)
            case "--limit":
                limit = try value()
                _ = try mirrorLimit
            case "--latency":
                latency = try value()
                do { _ = try MirrorLatency(text: latency) } catch { throw DemoError("--latency: \(error.message)") }
            case "--kill-leader" where given == nil: killsLeader = true
            case "--no-leader" where given == nil: leads = false
            case "--help", "-h": wantsHelp = true
            default: throw DemoError("“\(argument)” is no option of the demo; see sluice demo --help")
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
    package var idealTime: Duration {
        get throws(DemoError) {
            let limit = try mirrorLimit
            let capacity = limit.count * Self.mirrors
            return limit.window * ((needs + capacity - 1) / capacity - 1)
        }
    }

    /// Requests that may be made twice: what the killed process had under way dies with it.
    package var allowedRepeats: Int { killsLeader ? callers : 0 }
}

/// What one process of a benchmark is to do. It travels as the process's arguments.
struct BenchWorkerOptions: Sendable {
    /// The work of one round.
    enum Work: String, Sendable {
        /// So many tasks take slots as fast as they come.
        case flood
        /// So many calls a second, whatever becomes of them.
        case pace
        /// As `pace`, without Sluice: each call runs a script of its own.
        case script
        /// One call now and then, and a plain GET as often.
        case ask
        /// A fixed answer over HTTP, until told to end.
        case serve
        /// Everything that a pool does, until told to end.
        case soak
    }

    var work = Work.flood
    var redis = ""
    /// Whether the process takes part in elections; else it serves itself.
    var leads = true
    /// Tasks of `flood`.
    var tasks = 100
    /// Calls a second of `pace` and `script`.
    var rate = 1_000
    /// From one look at which of them are due to the next, at least, in microseconds.
    var pause = 1_000
    /// How long a round takes.
    var milliseconds = 1_000
    /// Base URLs; where nobody listens while only slots are taken.
    var mirrors = ["http://127.0.0.1:9", "http://127.0.0.2:9"]
    /// Of each mirror.
    var limit = "\(Self.boundless)/1s"

    /// Slots a second that nobody here can use up.
    static let boundless = 5_000_000

    init() {}

    /// Reads what `words` wrote.
    /// - Throws: `BenchError` for anything else.
    init(words: [String]) throws(BenchError) {
        mirrors = []
        for word in words {
            let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard sides.count == 2 else { throw BenchError("a benchmark's process cannot read “\(word)”") }
            switch (sides[0], Int(sides[1])) {
            case ("work", _):
                guard let work = Work(rawValue: sides[1]) else { throw BenchError("a benchmark's process knows no work “\(sides[1])”") }
                self.work = work
            case ("redis", _): redis = sides[1]
            case ("mirror", _): mirrors.append(sides[1])
            case ("limit", _): limit = sides[1]
            case ("leads", _): leads = sides[1] == "yes"
            case ("tasks", let count?): tasks = count
            case ("rate", let count?): rate = count
            case ("pause", let count?): pause = count
            case ("milliseconds", let count?): milliseconds = count
            default: throw BenchError("a benchmark's process cannot read “\(word)”")
            }
        }
    }

    /// As `init(words:)` reads it.
    var words: [String] {
        [
            "work=\(work.rawValue)", "redis=\(redis)", "leads=\(leads ? "yes" : "no")", "tasks=\(tasks)", "rate=\(rate)",
            "pause=\(pause)", "milliseconds=\(milliseconds)", "limit=\(limit)",
        ] + mirrors.map { "mirror=\($0)" }
    }
}

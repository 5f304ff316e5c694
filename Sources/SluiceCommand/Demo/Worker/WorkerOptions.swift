import Sluice
import SluiceLoop
import SluiceMirror
import SluiceRandom

/// What one worker process is to do, and at which pool. It travels as the worker's arguments.
package struct WorkerOptions: Sendable {
    /// The Redis that the pool meets at.
    package var redis = ""
    /// The pool's name.
    package var pool = "demo"
    /// The mirrors' base URLs; their names are a, b, c….
    package var mirrors: [String] = []
    /// The limit that each mirror enforces.
    package var limit = "30/6s"
    /// How long one request may take.
    package var timeout = Duration.seconds(2)
    /// How long one call may take.
    package var deadline = Duration.seconds(600)
    /// Whether the callers' deadlines are spread: the first of n callers has an n-th of `deadline`, the last all of it.
    package var spreads = false
    /// The pool's lease.
    package var lease = Duration.seconds(2)
    /// False: the process never leads and follows nobody, as a short-lived command does.
    package var leads = true
    /// Whether the callers come before everybody else's.
    package var isUrgent = false
    /// What is wanted.
    package var items: [DemoItems] = []
    /// How many callers ask at the same time.
    package var callers = 4
    /// How often each caller wants everything.
    package var rounds = 1
    /// True: the callers divide the items among themselves. False: each wants them all.
    package var divides = false
    /// Each caller asks in an order of its own, drawn from this; 0: in the items' order.
    package var seed: UInt64 = 0
    /// How many calls of each caller are done already, by a predecessor that died.
    package var done: [Int] = []

    package init() {}

    /// Reads what `arguments` wrote.
    /// - Throws: `DemoError` for anything else.
    package init(arguments: [String]) throws(DemoError) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw DemoError("\(name) lacks its value") }
            switch name {
            case "--redis": redis = value
            case "--pool": pool = value
            case "--mirror": mirrors.append(value)
            case "--limit": limit = value
            case "--timeout": timeout = try DemoText.duration(value, of: name)
            case "--deadline": deadline = try DemoText.duration(value, of: name)
            case "--spreads": spreads = value == "yes"
            case "--lease": lease = try DemoText.duration(value, of: name)
            case "--leads": leads = value == "yes"
            case "--urgent": isUrgent = value == "yes"
            case "--items": items.append(try DemoItems(text: value))
            case "--callers": callers = try DemoText.count(value, of: name, in: 1...10_000)
            case "--rounds": rounds = try DemoText.count(value, of: name, in: 1...10_000)
            case "--divides": divides = value == "yes"
            case "--seed": seed = UInt64(try DemoText.count(value, of: name, in: 0 ... .max))
            case "--done":
                done = []
                for part in value.split(separator: ",") { done.append(try DemoText.count(String(part), of: name, in: 0 ... .max)) }
            default: throw DemoError("a demo's worker has no option \(name)")
            }
        }
    }

    /// As `init(arguments:)` reads it.
    package var arguments: [String] {
        var list = [
            "--redis", redis, "--pool", pool, "--limit", limit, "--timeout", timeout.text, "--deadline", deadline.text, "--lease",
            lease.text,
            "--spreads", spreads ? "yes" : "no", "--leads", leads ? "yes" : "no", "--urgent", isUrgent ? "yes" : "no",
            "--callers", "\(callers)", "--rounds", "\(rounds)",
            "--divides", divides ? "yes" : "no",
            "--seed", "\(seed)",
        ]
        for mirror in mirrors { list += ["--mirror", mirror] }
        for item in items { list += ["--items", item.description] }
        if !done.isEmpty { list += ["--done", done.map { "\($0)" }.joined(separator: ",")] }
        return list
    }

    /// Every path that is wanted, once.
    package var needs: [String] { items.flatMap(\.paths) }

    /// What one caller asks for, in order, what is done already included.
    package func calls(of caller: Int) -> [String] {
        var paths = needs
        if divides { paths = paths.indices.filter { $0 % callers == caller }.map { paths[$0] } }
        if seed != 0 {
            var random = SeededGenerator(seed: seed &+ UInt64(caller) &* 7_919)
            paths.shuffle(using: &random)
        }
        return Array(repeatElement(paths, count: rounds).joined())
    }

    /// How long each call of one caller may take.
    package func deadline(of caller: Int) -> Duration { spreads ? deadline * (caller + 1) / callers : deadline }

    /// The calls that this worker makes, what is done already included.
    package var callCount: Int { (0..<callers).reduce(0) { $0 + calls(of: $1).count } }

    /// The pool's configuration.
    func configuration() throws(DemoError) -> PoolConfiguration {
        let limit: MirrorLimit
        do { limit = try MirrorLimit(text: self.limit) } catch { throw DemoError(error.message) }
        var configuration = PoolConfiguration(
            mirrors: mirrors.enumerated().map { index, url in
                MirrorConfiguration(url: url, name: DemoText.mirrorName(index), limits: [.init(limit.count, per: limit.window)])
            })
        configuration.pool = pool
        configuration.redis = redis
        configuration.timeout = timeout
        configuration.deadline = deadline
        configuration.lease = lease
        configuration.isLongLived = leads
        // Longer than any demo, so that nothing is needed a second time.
        configuration.cache.fresh = .seconds(3_600)
        configuration.log = { DemoText.say($0) }
        return configuration
    }
}

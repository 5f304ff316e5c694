import SluiceCoordination
import SluiceLoop
import SluiceMirror

/// A pool that always wants more than it may have, against one mirror that counts in its own way, in virtual time. The mirror is the
/// strict mirror's own judge, the ledger the product's.
struct UpstreamTrial {
    private enum Happening {
        /// A request reaches the mirror.
        case arrival(Grant)
        /// Its answer, or its refusal with what the mirror asked for.
        case answer(Grant, refused: Bool, asked: Int64?)
    }

    private var bench: Bench
    private var judge: MirrorJudge
    private let limit: RateLimit
    private let saysWhen: Bool
    private var random: Seeded
    private let start: Int64
    private var happenings: [(at: Int64, what: Happening)] = []
    private(set) var accepted = 0
    /// When requests were refused, in µs from the start.
    private(set) var refusals: [Int64] = []
    /// What the limit was held to, whenever that changed, and when.
    private(set) var levels: [(at: Int64, level: Int64)] = []

    /// - Parameters:
    ///   - limit: what the mirror says.
    ///   - told: what the pool is told, when that is another one.
    ///   - burst: the mirror's setting in the pool.
    ///   - algorithm: how the mirror really counts.
    ///   - strangers: who uses its quota besides.
    ///   - saysWhen: whether refusals carry a true `Retry-After`.
    init(
        _ limit: String, told: String? = nil, burst: Int64? = nil, algorithm: MirrorAlgorithm = .log, strangers: String? = nil,
        saysWhen: Bool = true,
        seed: UInt64 = 1
    ) throws {
        self.limit = try RateLimit(limit)
        self.saysWhen = saysWhen
        random = Seeded(seed)
        bench = Bench(terms(mirror("a", told ?? limit, burst: burst), hold: second, timeout: second))
        start = bench.raw
        var options = StrictMirrorOptions()
        options.limits = [try MirrorLimit(text: limit)]
        options.algorithm = algorithm
        options.strangers = try strangers.map { try MirrorLimit(text: $0) }
        options.seed = seed
        // Its periods begin where they like.
        judge = MirrorJudge(options, from: Instant(microseconds: start - random.pick(0...self.limit.window)))
    }

    /// Runs for so many windows.
    mutating func run(windows: Int64) {
        let end = start + windows * limit.window
        while bench.raw < end {
            let reply = bench.reserve([.init(node: node("self"), wanted: 1_000)]).reply
            note(reply.mirrors[0].held)
            for grant in reply.grants[0] { send(grant) }
            let next = reply.mirrors[0].nextRelease.map { bench.raw + max($0, 1) } ?? .max
            bench.raw = min(next, happenings.first?.at ?? .max)
            while let first = happenings.first, first.at <= bench.raw {
                happenings.removeFirst()
                happen(first.what)
            }
        }
    }

    /// Accepted requests, of what the limit allows in that time.
    var utilisation: Double { Double(accepted) * Double(limit.window) / Double(limit.count) / Double(bench.raw - start) }

    /// Refusals after so many windows.
    func refusals(after windows: Int64) -> Int { refusals.count { $0 >= windows * limit.window } }

    /// For the figures that a test prints.
    var figures: String {
        let windows = (bench.raw - start) / limit.window
        let percent = Int((utilisation * 1000).rounded())
        return "\(accepted) accepted (\(percent / 10).\(percent % 10) % of \(limit)), \(refusals.count) refused in \(windows) windows, "
            + "\(refusals(after: windows / 2)) of them in the second half; held to \(levels.last?.level ?? limit.count)"
    }

    private mutating func note(_ held: Int64) {
        let level = held == 0 ? limit.count : held
        if level != levels.last?.level ?? limit.count { levels.append((bench.raw - start, level)) }
    }

    private mutating func send(_ grant: Grant) {
        for _ in 0..<grant.count { plan(bench.raw + random.pick(0...5 * millisecond), .arrival(grant)) }
    }

    private mutating func plan(_ at: Int64, _ what: Happening) {
        let place = happenings.lastIndex { $0.at <= at }.map { $0 + 1 } ?? 0
        happenings.insert((at, what), at: place)
    }

    private mutating func happen(_ what: Happening) {
        switch what {
        case .arrival(let grant):
            let over = bench.raw + random.pick(0...20 * millisecond)
            switch judge.arrive(at: Instant(microseconds: bench.raw)) {
            case .accepted:
                accepted += 1
                plan(over, .answer(grant, refused: false, asked: nil))
            case .refused(_, let until), .banned(let until):
                refusals.append(bench.raw - start)
                let seconds = (until.microseconds - bench.raw + second - 1) / second
                plan(over, .answer(grant, refused: true, asked: saysWhen ? max(1, seconds) * second : nil))
            }
        case .answer(let grant, let refused, let asked):
            if refused { _ = bench.state.penalise(mirror: 0, grant: grant.number, asked: asked, bench.call, at: bench.raw) }
            let remaining = bench.state.mirrors["a"]!.open.records.first { $0.number == grant.number }?.count ?? 0
            var entry = bench.entry(grant, completed: [0], remaining: remaining)
            entry.answered = refused ? 0 : 1
            entry.latency = refused ? nil : 20 * millisecond
            bench.settle([entry])
        }
    }
}

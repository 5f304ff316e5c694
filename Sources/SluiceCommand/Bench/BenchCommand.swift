import FoundationEssentials
import Glibc
import Sluice

/// `sluice bench`: measures parts of this program on this host.
struct BenchCommand: Command {
    static let manual = Manual(
        name: "bench",
        summary: "measures parts of this program on this host, beside a yardstick in the same run.",
        synopsis: "mission | memory | redis | http | slots | gateway | coherence | scale | soak | hitrate TRACE --size COUNT [options]",
        operands: [
            (
                "mission",
                "240 answers through two strict mirrors of 30 per window by four processes: how much of what the limits allow that uses; "
                    + "some 90 s a round"
            ),
            ("memory", "what a hit in the memory tier costs with 1 and 2 threads, beside a Dictionary behind one lock"),
            ("redis", "GET of 100 B and 1 KiB by 1, 50 and 500 tasks on one connection, beside redis-benchmark"),
            ("http", "the HTTP client beside wrk, and the HTTP server beside nginx"),
            (
                "slots",
                "slots a second from 1, 4 and 16 processes, commands and processor time of Redis for each, and the time from asking to having"
            ),
            ("gateway", "cached answers of sluice serve, beside nginx's proxy_cache"),
            ("coherence", "how long after a write by one client another one serves the old answer from its memory, beside a plain GET"),
            ("scale", "what a slot costs Redis when the same work is spread over 1, 4, 16 and 64 processes"),
            (
                "soak",
                "all of it at full load for long, with strict mirrors as judges: memory, open files and Redis must not grow, nothing may fail"
            ),
            (
                "hitrate TRACE",
                "how many requests of a trace the memory tier's policy answers, in percent, beside least recently used "
                    + "and the optimum; TRACE is a file of one key per line, plain or compressed by gzip"
            ),
        ],
        operandCount: 1...2,
        groups: [
            Manual.Group(
                title: "Options of all but hitrate (soak has no rounds)",
                options: [
                    .init(
                        name: "rounds", value: "COUNT", purpose: "how many rounds are measured, after one that is not, up to 1000",
                        standard: "5"),
                    .init(
                        name: "span", value: "TIME",
                        purpose:
                            "how long one measurement takes, about, 10ms to 1h; memory makes so many requests, wrk takes whole seconds, and the mirrors' window in mission is six times as long",
                        standard: "1s; 20m for soak"),
                    .init(name: "chart", value: "FILE", purpose: "draw the figures into a file as well, as SVG"),
                ]),
            Manual.Group(
                title: "Options of slots, scale and soak",
                options: [
                    .init(
                        name: "processes", value: "COUNT",
                        purpose:
                            "leave out larger crowds of processes (some parts of slots need four in any case); for soak, how many there are",
                        standard: "16 for slots, 64 for scale, 4 for soak")
                ]),
            Manual.Group(
                title: "Options of hitrate",
                options: [
                    .init(name: "size", value: "COUNT", purpose: "how many entries the cache may hold; must be given"),
                    .init(name: "shards", value: "COUNT", purpose: "over how many shards keys are spread, up to 64", standard: "1"),
                ]),
            Manual.Group(title: "Options", options: [.init(name: "json", letter: "j", purpose: "one line of JSON")]),
        ],
        notes: [
            "Build with -c release: without, the figures mean nothing. Ours and the yardstick take turns in every round; printed are the "
                + "median of the rounds, the least and the most, and the median of the rounds' ratios, which a busy host disturbs less. "
                + "“wanted” is what the ratio should be, or the figure itself where there is none.",
            "Servers are started on free loopback ports and ended again. redis-server must be installed; redis-benchmark (redis-tools), wrk "
                + "and nginx (nginx-light) are yardsticks, and what needs a missing one is left out and said.",
        ],
        statuses: [(.success, "measured"), (.failure, "it could not be measured or was interrupted, or a soak found what it must not")],
        examples: [
            "bench redis --chart redis.svg", "bench slots --rounds 9 --json", "bench hitrate web07.txt.gz --size 512",
        ])

    private enum Subject: Sendable {
        case hitRate(HitRateBench)
        case mission(MissionBench)
        case memory(MemoryBench)
        case redis(RedisBench)
        case http(HTTPBench)
        case slots(SlotsBench)
        case gateway(GatewayBench)
        case coherence(CoherenceBench)
        case scale(ScaleBench)
        case soak(SoakBench)
    }

    /// That a chart cannot be written should be known before it is measured.
    private static func checkWritable(_ path: String) throws(UsageError) {
        var isNew = false
        var file = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
        if file < 0, errno == ENOENT {
            file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            isNew = file >= 0
        }
        guard file >= 0 else {
            throw UsageError("--chart: “\(path)” cannot be written: \(String(cString: strerror(errno))); give a file that can be")
        }
        close(file)
        if isNew { unlink(path) }
    }

    private static let subjects = ["mission", "memory", "redis", "http", "slots", "gateway", "coherence", "scale", "soak", "hitrate"]

    private let subject: Subject
    private let isJSON: Bool
    private let chart: String?

    init(_ arguments: Arguments, environment: [String: String]) throws {
        let operands = arguments.operands
        let name = operands[0]
        guard Self.subjects.contains(name) else {
            throw UsageError(
                "there is no benchmark “\(name)”, only \(Self.subjects.dropLast().joined(separator: ", ")) and \(Self.subjects.last!)"
                    + NearestName.question(name, among: Self.subjects))
        }
        let foreign =
            ["processes"].filter { _ in !["slots", "scale", "soak"].contains(name) }
            + (name == "hitrate" ? ["rounds", "span", "chart"] : name == "soak" ? ["size", "shards", "rounds"] : ["size", "shards"])
        for option in foreign where arguments.has(option) { throw UsageError("--\(option) makes no sense with \(name); leave it away") }
        isJSON = arguments.has("json")
        chart = arguments.value("chart")
        if name == "hitrate" {
            subject = .hitRate(try Self.hitRate(arguments, isJSON: isJSON))
            return
        }
        guard operands.count == 1 else {
            throw UsageError("“\(operands[1])” is one word too many; the form is: sluice bench \(name) [options]")
        }
        var settings = BenchSettings()
        if let rounds = try arguments.count("rounds", in: 1...1_000) { settings.rounds = rounds }
        if let span = try arguments.time("span") {
            guard span >= .milliseconds(10) else {
                throw UsageError("--span: \(arguments.value("span")!) is out of bounds; give 10ms to 1h")
            }
            settings.seconds = Double(span.nanoseconds) / 1e9
        }
        let processes = try arguments.count("processes", in: 1...256)
        switch name {
        case "mission": subject = .mission(MissionBench(settings: settings))
        case "memory": subject = .memory(MemoryBench(settings: settings))
        case "redis": subject = .redis(RedisBench(settings: settings))
        case "http": subject = .http(HTTPBench(settings: settings))
        case "slots": subject = .slots(SlotsBench(settings: settings, mostProcesses: processes ?? 16))
        case "gateway": subject = .gateway(GatewayBench(settings: settings))
        case "coherence": subject = .coherence(CoherenceBench(settings: settings))
        case "soak":
            guard arguments.value("span") == nil || settings.seconds >= 10 else { throw UsageError("--span: a soak takes at least 10s") }
            subject = .soak(SoakBench(seconds: arguments.has("span") ? settings.seconds : 1_200, processes: processes ?? 4))
        default: subject = .scale(ScaleBench(settings: settings, mostProcesses: processes ?? 64))
        }
    }

    private static func hitRate(_ arguments: Arguments, isJSON: Bool) throws -> HitRateBench {
        guard arguments.operands.count == 2 else {
            throw UsageError("TRACE is missing; the form is: sluice bench hitrate TRACE --size COUNT")
        }
        guard let size = try arguments.count("size", in: 1...1_000_000_000) else {
            throw UsageError("--size is missing; give how many entries the cache may hold, such as --size 512")
        }
        let shards = try arguments.count("shards", in: 1...64) ?? 1
        guard shards <= size else { throw UsageError("--shards: \(shards) shards cannot share \(size) entries; give at most \(size)") }
        return HitRateBench(path: arguments.operands[1], size: size, shards: shards, isJSON: isJSON)
    }

    func run(_ console: Console) async throws -> ExitStatus {
        if let chart { try Self.checkWritable(chart) }
        if case .hitRate(let bench) = subject {
            console.print(try bench.report())
            return .success
        }
        let progress = ProgressBar(console)
        let report = try await SignalledEnd.during("sluice bench") { try await measure(progress) }
        if let chart {
            do { try Data(BenchChart(report).svg.utf8).write(to: URL(filePath: chart)) } catch {
                throw BenchError("--chart: “\(chart)” could not be written: \(error)")
            }
        }
        console.print(isJSON ? try report.json() : report.text)
        if case .soak = subject, !report.isEverythingReached { return .failure }
        return .success
    }

    private func measure(_ progress: ProgressBar) async throws -> BenchReport {
        switch subject {
        case .hitRate: preconditionFailure("hitrate has no report")
        case .mission(let bench): try await bench.report(progress)
        case .memory(let bench): try await bench.report(progress)
        case .redis(let bench): try await bench.report(progress)
        case .http(let bench): try await bench.report(progress)
        case .slots(let bench): try await bench.report(progress)
        case .gateway(let bench): try await bench.report(progress)
        case .coherence(let bench): try await bench.report(progress)
        case .scale(let bench): try await bench.report(progress)
        case .soak(let bench): try await bench.report(progress)
        }
    }
}

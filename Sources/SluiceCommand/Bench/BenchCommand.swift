import Sluice

/// `sluice bench`: measures parts of this program on this host.
struct BenchCommand: Command {
    static let manual = Manual(
        name: "bench",
        summary: "measures parts of this program on this host, beside a yardstick in the same run.",
        synopsis: "hitrate TRACE --size COUNT | memory [options]",
        operands: [
            (
                "hitrate TRACE",
                "how many requests of a trace the memory tier's policy answers, in percent, beside least recently used "
                    + "and the optimum; TRACE is a file of one key per line, plain or compressed by gzip"
            ),
            (
                "memory",
                "what a hit in the memory tier costs with 1 and 2 threads, on 100,000 keys of falling popularity, beside a "
                    + "Dictionary behind one lock"
            ),
        ],
        operandCount: 1...2,
        groups: [
            Manual.Group(
                title: "Options of hitrate",
                options: [
                    .init(name: "size", value: "COUNT", purpose: "how many entries the cache may hold; must be given"),
                    .init(name: "shards", value: "COUNT", purpose: "over how many shards keys are spread, up to 64", standard: "1"),
                ]),
            Manual.Group(
                title: "Options of memory",
                options: [.init(name: "rounds", value: "COUNT", purpose: "how many rounds are measured, up to 1000", standard: "9")]),
            Manual.Group(title: "Options", options: [.init(name: "json", letter: "j", purpose: "one line of JSON")]),
        ],
        notes: [
            "Build with -c release: without, the figures of memory mean nothing. It prints the median of the rounds, the least and the most; "
                + "CPU ns is what a hit took of a processor, which a busy host disturbs less."
        ],
        statuses: [(.success, "measured"), (.failure, "it could not be measured")],
        examples: ["bench hitrate web07.txt.gz --size 512", "bench memory --json"])

    private enum Subject: Sendable {
        case hitRate(HitRateBench)
        case memory(MemoryBench)
    }

    private let subject: Subject

    init(_ arguments: Arguments, environment: [String: String]) throws {
        func refuse(_ names: [String], for subject: String) throws(UsageError) {
            for name in names where arguments.has(name) { throw UsageError("--\(name) makes no sense with \(subject); leave it away") }
        }
        let isJSON = arguments.has("json")
        let operands = arguments.operands
        switch operands[0] {
        case "hitrate":
            try refuse(["rounds"], for: "hitrate")
            guard operands.count == 2 else { throw UsageError("TRACE is missing; the form is: sluice bench hitrate TRACE --size COUNT") }
            guard let size = try arguments.count("size", in: 1...1_000_000_000) else {
                throw UsageError("--size is missing; give how many entries the cache may hold, such as --size 512")
            }
            let shards = try arguments.count("shards", in: 1...64) ?? 1
            guard shards <= size else { throw UsageError("--shards: \(shards) shards cannot share \(size) entries; give at most \(size)") }
            subject = .hitRate(HitRateBench(path: operands[1], size: size, shards: shards, isJSON: isJSON))
        case "memory":
            try refuse(["size", "shards"], for: "memory")
            guard operands.count == 1 else {
                throw UsageError("“\(operands[1])” is one word too many; the form is: sluice bench memory [options]")
            }
            subject = .memory(MemoryBench(rounds: try arguments.count("rounds", in: 1...1_000) ?? 9, isJSON: isJSON))
        default:
            throw UsageError(
                "there is no benchmark “\(operands[0])”, only hitrate and memory"
                    + NearestName.question(operands[0], among: ["hitrate", "memory"]))
        }
    }

    func run(_ console: Console) async throws -> ExitStatus {
        switch subject {
        case .hitRate(let bench): console.print(try bench.report())
        case .memory(let bench): console.print(try await bench.report())
        }
        return .success
    }
}

import Sluice

/// `sluice purge`: forgets answers, in all processes.
struct PurgeCommand: Command {
    static let manual = Manual(
        name: "purge",
        summary: "forgets answers in Redis and in the memory of all processes of the pool.",
        synopsis: "[options] PATH… | (--tag TAG)… | (--prefix PREFIX)… | --all",
        operands: [("PATH…", "as the mirrors know it, after a route; the order of a query's parameters does not matter")],
        operandCount: 0...100_000,
        groups: [
            Manual.Group(
                title: "Options",
                options: [
                    .init(name: "tag", value: "TAG", isRepeatable: true, purpose: "forget every answer with this tag instead"),
                    .init(
                        name: "prefix", value: "PREFIX", isRepeatable: true,
                        purpose: "forget the answers of all paths that begin so: /posts/ covers /posts/1, /posts also /postscript"),
                    .init(name: "all", purpose: "forget every answer of the pool"),
                ]),
            PoolOptions.group([.redis, .pool]),
        ],
        notes: [
            "For each path a line tells whether there was an answer; for a tag, how many there were. A prefix, and everything, are forgotten "
                + "at a cost that does not grow with their number, so they are not counted; what Redis still holds of them is dead, and goes "
                + "when it is next asked for or its time is over.",
            "Routes are the gateway's: where one leads from /a to /b, forget /b here, or /a by the gateway's POST /-/purge?path=/a.",
        ],
        statuses: [(.success, "they are forgotten, or there were none"), (.failure, "Redis could not be told")],
        examples: ["purge --redis redis://127.0.0.1:6379/0 --pool posts /posts/55", "purge --config pool.json --tag user-7"])

    private let targets: [PoolTarget]
    private let tags: [PoolTag]
    private let prefixes: [PoolPrefix]
    private let isAll: Bool
    private let pool: String
    private let redis: String

    init(_ arguments: Arguments, environment: [String: String]) throws {
        do throws(SluiceError) {
            targets = try arguments.operands.map { path throws(SluiceError) in try PoolTarget(path) }
            tags = try arguments.values("tag").map { tag throws(SluiceError) in try PoolTag(tag) }
            prefixes = try arguments.values("prefix").map { prefix throws(SluiceError) in try PoolPrefix(prefix) }
        } catch {
            throw UsageError(PoolWords.sentence(of: error))
        }
        isAll = arguments.has("all")
        switch [!targets.isEmpty, !tags.isEmpty, !prefixes.isEmpty, isAll].count(where: \.self) {
        case 0: throw UsageError("what is to be forgotten? Give a PATH, --tag TAG, --prefix PREFIX or --all")
        case 1: break
        default: throw UsageError("give one of paths, --tag, --prefix and --all, not several")
        }
        let configuration = try PoolOptions.configuration(arguments, environment: environment, needsMirrors: false)
        guard let redis = configuration.redis else {
            throw UsageError(
                "no Redis is named; give --redis URL or SLUICE_REDIS_URL (without Redis each process has a cache of its own, which its "
                    + "gateway forgets by POST /-/purge?path=…)")
        }
        self.redis = redis
        pool = configuration.pool
    }

    func run(_ console: Console) async throws -> ExitStatus {
        for tag in tags {
            let count = try await PoolPurge.forget(tag, pool: pool, redis: redis)
            console.print("\(count) \(count == 1 ? "answer" : "answers") with the tag \(tag.text) forgotten")
        }
        for prefix in prefixes {
            try await PoolPurge.forget(prefix: prefix, pool: pool, redis: redis)
            console.print("every answer under \(prefix.written) forgotten")
        }
        if isAll {
            try await PoolPurge.forget(prefix: nil, pool: pool, redis: redis)
            console.print("every answer forgotten")
        }
        guard !targets.isEmpty else { return .success }
        let existed = try await PoolPurge.forget(targets, pool: pool, redis: redis)
        for (target, existed) in zip(targets, existed) { console.print("\(target.written): \(existed ? "forgotten" : "there was none")") }
        return .success
    }
}

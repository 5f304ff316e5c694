import Sluice

/// `sluice purge`: forgets answers, in all processes.
struct PurgeCommand: Command {
    static let manual = Manual(
        name: "purge",
        summary: "forgets answers in Redis and in the memory of all processes of the pool.",
        synopsis: "[options] PATH… | --tag TAG",
        operands: [("PATH…", "as it was asked for; the order of a query's parameters does not matter")],
        operandCount: 0...100_000,
        groups: [
            Manual.Group(
                title: "Options", options: [.init(name: "tag", value: "TAG", purpose: "forget every answer with this tag instead")]),
            PoolOptions.group([.redis, .pool]),
        ],
        notes: ["For each path a line tells whether there was an answer; for a tag, how many there were."],
        statuses: [(.success, "they are forgotten, or there were none"), (.failure, "Redis could not be told")],
        examples: ["purge --redis redis://127.0.0.1:6379/0 --pool posts /posts/55", "purge --config pool.json --tag user-7"])

    private let paths: [String]
    private let tag: String?
    private let pool: String
    private let redis: String

    init(_ arguments: Arguments, environment: [String: String]) throws {
        paths = arguments.operands
        tag = arguments.value("tag")
        guard paths.isEmpty != (tag == nil) else {
            throw UsageError(paths.isEmpty ? "what is to be forgotten? Give a PATH, or --tag TAG" : "give either paths or --tag, not both")
        }
        if tag == "" { throw UsageError("--tag: it is empty; give the tag that answers were stored with") }
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
        if let tag {
            let count = try await PoolPurge.forget(tag: tag, pool: pool, redis: redis)
            console.print(count == 1 ? "1 answer with the tag \(tag) forgotten" : "\(count) answers with the tag \(tag) forgotten")
            return .success
        }
        let existed = try await PoolPurge.forget(paths, pool: pool, redis: redis)
        for (path, existed) in zip(paths, existed) { console.print("\(path): \(existed ? "forgotten" : "there was none")") }
        return .success
    }
}

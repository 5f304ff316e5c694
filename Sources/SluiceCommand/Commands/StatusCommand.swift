import FoundationEssentials
import Sluice

/// `sluice status`: what a pool's metrics say.
struct StatusCommand: Command {
    static let manual = Manual(
        name: "status",
        summary: "tells who leads a pool, how full its mirrors are and what its processes do.",
        synopsis: "[options]",
        groups: [
            Manual.Group(
                title: "Options",
                options: [
                    .init(name: "watch", letter: "w", purpose: "again every second, until SIGINT; on a terminal in place"),
                    .init(name: "json", letter: "j", purpose: "one line of JSON, with every field of the metrics"),
                ]),
            PoolOptions.group([.redis, .pool]),
        ],
        notes: [
            "It reads the metrics in Redis and does not join the pool. They are at most two seconds old; what a node told is gone soon "
                + "after the node is. In the table, a mirror's FREE is what it could be sent now and NEXT is when the next slot comes free."
        ],
        statuses: [(.success, "told, even if there is nobody in the pool"), (.failure, "Redis could not be asked")],
        examples: ["status --redis redis://127.0.0.1:6379/0 --pool posts --watch", "status --config pool.json --json"])

    private let isWatching: Bool
    private let isJSON: Bool
    private let configuration: PoolConfiguration
    private let redis: String

    init(_ arguments: Arguments, environment: [String: String]) throws {
        isWatching = arguments.has("watch")
        isJSON = arguments.has("json")
        configuration = try PoolOptions.configuration(arguments, environment: environment, needsMirrors: false)
        guard let redis = configuration.redis else {
            throw UsageError(
                "no Redis is named; give --redis URL or SLUICE_REDIS_URL (a pool without Redis lives in one process, whose gateway "
                    + "tells its status at /-/status)")
        }
        self.redis = redis
    }

    func run(_ console: Console) async throws -> ExitStatus {
        guard isWatching else {
            console.print(try await read())
            return .success
        }
        let interruption = await Interruption()
        await interruption.cancelling { await watch(console) }
        return .success
    }

    private func read() async throws(SluiceError) -> String {
        let status = try await PoolStatus.read(pool: configuration.pool, redis: redis)
        if isJSON { return status.json }
        return StatusPage(status, place: PoolWords.place(of: configuration), now: Self.wallClock).text
    }

    private func watch(_ console: Console) async {
        let redraws = console.outputIsTerminal && !isJSON
        while !Task.isCancelled {
            var page: String?
            do throws(SluiceError) {
                page = try await read()
            } catch {
                // Whoever watches wants to see Redis come back as well.
                if redraws {
                    page = PoolWords.sentence(of: error)
                } else {
                    console.error("sluice status: \(PoolWords.sentence(of: error))")
                }
            }
            if let page, !Task.isCancelled {
                if redraws { console.redraw(page) } else { console.print(isJSON ? page : page + "\n") }
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    /// Milliseconds since 1970: metrics carry such times by Redis's clock, and are compared with ours for reading only.
    private static var wallClock: Int64 { Int64(Date.now.timeIntervalSince1970 * 1_000) }
}

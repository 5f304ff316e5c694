import SluiceCoordination
import SluiceHTTP
package import SluiceHarness
package import SluiceLoop

/// A private Redis and some strict mirrors: everything that a pool needs, real, and gone afterwards.
package final class Stage: Sendable {
    /// The `sluice` program that mirrors and workers run.
    package let program: String
    package let loop: EventLoop
    package let redis: RedisServer
    package let mirrors: [MirrorProcess]
    private let http: HTTPClient
    private let keys: PoolKeys

    /// Starts all of it.
    /// - Parameters:
    ///   - program: the path of `sluice`.
    ///   - mirrors: for each mirror the options of `sluice mirror`, without name and address.
    ///   - redis: how Redis is started.
    ///   - host: the address that the mirrors listen on.
    ///   - pool: the name of the pool that will be used.
    package static func open(
        program: String, mirrors options: [[String]], redis redisOptions: RedisServerOptions = .init(), host: String = "127.0.0.1",
        pool: String = "demo"
    ) async throws -> Stage {
        let loop = EventLoop(name: "stage")
        let http: HTTPClient
        var mirrors: [MirrorProcess] = []
        var redis: RedisServer?
        do {
            http = try HTTPClient(loop: loop)
            let server = try await RedisServer(redisOptions)
            redis = server
            for (index, option) in options.enumerated() {
                let named = ["--name", DemoText.mirrorName(index)] + option
                mirrors.append(try await MirrorProcess(program: program, options: named, host: host, http: http, loop: loop))
            }
            return Stage(program: program, loop: loop, redis: server, mirrors: mirrors, http: http, keys: PoolKeys(pool: pool))
        } catch {
            for mirror in mirrors { await mirror.stop() }
            await redis?.stop()
            await loop.shutDown()
            throw error
        }
    }

    private init(program: String, loop: EventLoop, redis: RedisServer, mirrors: [MirrorProcess], http: HTTPClient, keys: PoolKeys) {
        self.program = program
        self.loop = loop
        self.redis = redis
        self.mirrors = mirrors
        self.http = http
        self.keys = keys
    }

    /// What each mirror saw so far.
    package func reports() async throws -> [MirrorReport] {
        var reports: [MirrorReport] = []
        for mirror in mirrors { reports.append(try await mirror.report()) }
        return reports
    }

    /// The process id of the node that holds the lease now; nil when nobody does.
    package func leader() async throws -> Int32? {
        let name = try await redis.cli("GET", keys.leader)
        return NodeID(text: name).flatMap { Int32($0.text.split(separator: ":")[1]) }
    }

    /// How many elections there were.
    package func elections() async throws -> Int { Int(try await redis.cli("GET", keys.epoch)) ?? 0 }

    /// The name of the record of `GET path` in Redis.
    package func cacheKey(_ path: String) -> String { keys.prefix + "cache:GET:" + path }

    /// Waits until a condition holds, asking again and again.
    /// - Throws: `DemoError` with the sentence when it does not within `patience`; `CancellationError`.
    package func wait(
        for what: String, patience: Duration, every pause: Duration = .milliseconds(20), until holds: () async throws -> Bool
    ) async throws {
        let limit = Instant.now.advanced(by: patience)
        while try await !holds() {
            guard Instant.now < limit else { throw DemoError("\(what) did not come about within \(DemoText.seconds(patience))") }
            try await loop.sleep(until: Instant.now.advanced(by: pause))
        }
    }

    /// Ends Redis and the mirrors and waits until they are gone.
    package func close() async {
        for mirror in mirrors { await mirror.stop() }
        await redis.stop()
        await http.shutDown()
        await loop.shutDown()
    }
}

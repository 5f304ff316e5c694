import Sluice
import SluiceHarness
import SluiceLoop
import Synchronization
import Testing

/// A Redis that answers and takes no writes. A slot has to be written down, so nothing is fetched; everything else goes on.
@Suite(.timeLimit(.minutes(10)), .serialized) struct ReadOnlyRedisTests {
    /// Why a server takes no writes.
    enum Cause: String, CaseIterable, CustomTestStringConvertible {
        case replica, missingReplicas, user

        var testDescription: String { rawValue }

        var refusal: [String] {
            switch self {
            // Nobody is there to follow, and it keeps what it has.
            case .replica: ["REPLICAOF", "127.0.0.1", "1"]
            case .missingReplicas: ["CONFIG", "SET", "min-replicas-to-write", "1"]
            case .user: ["ACL", "SETUSER", "default", "-@write"]
            }
        }

        var end: [String] {
            switch self {
            case .replica: ["REPLICAOF", "NO", "ONE"]
            case .missingReplicas: ["CONFIG", "SET", "min-replicas-to-write", "0"]
            case .user: ["ACL", "SETUSER", "default", "+@all"]
            }
        }

        /// What a caller has to be told.
        var remedy: String {
            switch self {
            case .replica: "it is a replica; promote it"
            case .missingReplicas: "it misses replicas"
            case .user: "its user may not write"
            }
        }
    }

    private func until(_ complaint: Comment, _ isSo: () async throws -> Bool) async throws {
        let patience = Instant.now.advanced(by: .seconds(60))
        while try await !isSo() {
            try #require(Instant.now < patience, complaint)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test(arguments: Cause.allCases)
    func `what is stored is served, a miss says why it cannot be fetched, and all goes on by itself`(cause: Cause) async throws {
        let judges = try await Judges(limit: .init(20, per: .seconds(1)))
        let redis = try await RedisServer()
        let said = Said()
        var configuration = judges.configuration(redis: redis.url)
        configuration.log = { said.note($0) }
        let pools = [try await MirrorPool(configuration), try await MirrorPool(configuration)]
        try await until("it does not come to memory") { try await pools[0].get("/posts/1").source == .memory }
        let brief = CallOptions(fresh: .milliseconds(1), stale: .seconds(600))
        _ = try await pools[0].get("/posts/2", options: brief)
        #expect(await judges.requests == 2)

        try await redis.cli(cause.refusal)
        #expect(try await pools[0].get("/posts/1").source == .memory)
        #expect(try await pools[1].get("/posts/1").source == .redis)
        for pool in pools {
            let answer = try await pool.get("/posts/2")
            #expect(answer.isStale && answer.status == 200)
        }
        // Redis must have refused by then, or nobody knows why.
        let soon = CallOptions(deadline: .seconds(10))
        let sending = Task { try await pools[0].send(.delete("/posts/9"), options: soon) }
        let miss = await #expect(throws: SluiceError.self) { try await pools[1].get("/posts/3", options: soon) }
        #expect(miss?.code == .coordinatorUnavailable)
        for words in ["Redis takes no writes", cause.remedy] {
            #expect(miss?.message.contains(words) == true, "\(String(describing: miss))")
        }
        let order = await #expect(throws: SluiceError.self) { try await sending.value }
        #expect(order?.code == .coordinatorUnavailable && order?.message.contains("not be written") == true, "\(String(describing: order))")
        try await until("the figures do not tell") {
            for pool in pools where await pool.isReady || !pool.statistics.redisRefusesWrites { return false }
            return true
        }
        #expect(said.count(of: "Redis takes no writes") == 2 && said.count(of: cause.remedy) == 2, "once by each process")
        // As long as it may last: memory is trusted, since messages come.
        #expect(try await pools[0].get("/posts/1").source == .memory)
        #expect(try await pools[1].get("/posts/1").source == .memory)
        #expect(await judges.requests == 2, "nobody may send")

        try await redis.cli(cause.end)
        #expect(try await pools[1].get("/posts/3").status == 200)
        #expect(try await pools[0].get("/posts/3").source == .redis)
        try await until("the figures do not tell that it is over") {
            for pool in pools where await !pool.isReady || pool.statistics.redisRefusesWrites { return false }
            return true
        }
        #expect(said.count(of: "Redis takes writes again") == 2)
        #expect(await judges.violations == 0)
        for pool in pools { await pool.shutDown() }
        await redis.stop()
        await judges.shutDown()
    }

    @Test func `a user who may not write metrics is told so, and all else goes on`() async throws {
        let judges = try await Judges(limit: .init(20, per: .seconds(1)))
        let redis = try await RedisServer()
        let said = Said()
        var configuration = judges.configuration(redis: redis.url)
        configuration.log = { said.note($0) }
        let pool = try await MirrorPool(configuration)
        #expect(try await pool.get("/posts/1").status == 200)
        // What only the script of the metrics does.
        try await redis.cli("ACL", "SETUSER", "default", "-zcard")
        try await until("nobody is told") { said.count(of: "metrics cannot be written") > 0 }
        #expect(try await pool.get("/posts/2").status == 200)
        #expect(await pool.isReady && !pool.statistics.redisRefusesWrites)
        #expect(said.count(of: "metrics cannot be written") == 1 && said.count(of: "takes no writes") == 0)
        await pool.shutDown()
        await redis.stop()
        await judges.shutDown()
    }

    /// What the processes told their operators.
    private final class Said: Sendable {
        private let lines = Mutex<[String]>([])
        func note(_ line: String) { lines.withLock { $0.append(line) } }
        func count(of words: String) -> Int { lines.withLock { lines in lines.count { $0.contains(words) } } }
    }
}

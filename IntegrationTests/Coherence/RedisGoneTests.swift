import Foundation
import SluiceCommand
import SluiceHarness
import SluiceLoop
import Synchronization
import Testing

extension Integration {
    /// Redis gone for longer than answers are fresh, and back: what clients of several processes get meanwhile, and what the mirrors count.
    struct RedisGoneTests {
        private static let keys = (1...40).map { "/posts/\($0)" }

        enum Return: String, CaseIterable {
            case withItsData = "with its data", empty
        }

        @Test(arguments: Return.allCases)
        func `Redis is gone and back, clients notice nothing, and each key is fetched once over all processes`(back: Return) async throws {
            try await Scene.play(limit: "100/2s", latency: "5ms") { scene in
                let stage = scene.stage
                var gateways: [ChildProcess] = []
                var clients: [Client] = []
                do {
                    for _ in 0..<3 {
                        let gateway = try serve(stage)
                        gateways.append(gateway)
                        try await gateway.waitForOutput(containing: "listening on http://")
                        let match = try #require(gateway.standardError.firstMatch(of: /listening on http:\S+:(\d+)/))
                        clients.append(Client(try #require(UInt16(match.1)), Self.keys))
                    }
                    try await play(scene, clients, back)
                } catch {
                    for client in clients { await client.leave() }
                    for gateway in gateways { await gateway.kill() }
                    throw error
                }
                for gateway in gateways { #expect(await gateway.stop() == .exited(0), "\(gateway.standardError)") }
            }
        }

        private func play(_ scene: Scene, _ clients: [Client], _ back: Return) async throws {
            let stage = scene.stage
            let patience = Duration.seconds(60)
            for client in clients { client.enter() }
            try await stage.wait(for: "every key to be in every process's memory", patience: patience) {
                clients.allSatisfy { $0.last(of: .memory) == Self.keys.count }
            }
            if back == .withItsData { try await stage.redis.cli("SAVE") }
            await stage.redis.kill()
            let began = Instant.now
            // What was on its way arrives; from then on nobody sends. From their restart on mirrors say of answers that they live for long.
            try await stage.wait(for: "every key to be stale in every process", patience: patience) {
                clients.allSatisfy { $0.last(of: .stale) == Self.keys.count }
            }
            for mirror in stage.mirrors { try await mirror.restart(adding: ["--max-age", "1h"]) }
            for client in clients { client.forgetCounts() }
            try await stage.wait(for: "more answers without Redis", patience: patience) { clients.allSatisfy { $0.count > 200 } }
            #expect(try await scene.requests == 0, "nobody may send without Redis")
            for client in clients { #expect(client.staleCount == client.count && client.complaints.isEmpty, "\(client.complaints)") }

            if back == .withItsData { try await stage.redis.start() } else { try await stage.redis.restart(keepingData: false) }
            let returned = Instant.now
            let away = returned.duration(since: began)
            try await stage.wait(for: "every key to be fresh in every process", patience: patience) {
                clients.allSatisfy { $0.last(of: .fresh) == Self.keys.count }
            }
            let healed = Instant.now.duration(since: returned)
            for client in clients { client.forgetCounts() }
            try await stage.wait(for: "more answers of the same kind", patience: patience) { clients.allSatisfy { $0.count > 200 } }
            for client in clients {
                await client.leave()
                #expect(client.complaints.isEmpty, "\(client.complaints)")
                #expect(client.staleCount == 0)
            }
            let requests = try await scene.requests
            print(
                "Redis gone for \(away) and back \(back.rawValue): all fresh after \(healed), \(requests) requests for",
                "\(Self.keys.count) keys of \(clients.count) processes")
            #expect(requests == Self.keys.count)
        }

        private func serve(_ stage: Stage) throws -> ChildProcess {
            let mirrors = stage.mirrors.enumerated().map { "\($0.element.url),limit=100/2s,name=m\($0.offset)" }
            let environment = [
                "SLUICE_REDIS_URL": stage.redis.url, "SLUICE_MIRRORS": mirrors.joined(separator: " "), "SLUICE_FRESH": "2s",
                "SLUICE_STALE": "1h", "SLUICE_TIMEOUT": "2s",
            ]
            return try ChildProcess(stage.program, ["serve", "--listen", "127.0.0.1:0"], environment: environment)
        }
    }
}

/// A client of one gateway: it asks for all keys, one after the other, again and again.
private final class Client: Sendable {
    /// How a gateway answered.
    enum Kind {
        /// From memory, fresh or not.
        case memory
        case fresh, stale
    }

    private struct State {
        /// For each key whether its last answer was from memory, and how long it was still fresh.
        var last: [String: (isMemory: Bool, ttl: Int)] = [:]
        var count = 0
        var staleCount = 0
        var complaints: [String] = []
        var isLeaving = false
    }

    private let port: UInt16
    private let keys: [String]
    private let state = Mutex(State())
    private let work = Mutex<Task<Void, Never>?>(nil)

    init(_ port: UInt16, _ keys: [String]) {
        self.port = port
        self.keys = keys
    }

    /// How many keys were last answered in this way.
    func last(of kind: Kind) -> Int {
        state.withLock { state in
            switch kind {
            case .memory: state.last.values.count(where: \.isMemory)
            case .fresh: state.last.values.count { $0.ttl > 0 }
            case .stale: state.last.values.count { $0.ttl < 0 }
            }
        }
    }

    var count: Int { state.withLock { $0.count } }
    var staleCount: Int { state.withLock { $0.staleCount } }
    var complaints: [String] { state.withLock { $0.complaints } }

    func forgetCounts() { state.withLock { ($0.count, $0.staleCount) = (0, 0) } }

    func enter() {
        let task = Task.detached { [self] in
            do {
                let client = try RawClient(port)
                while true {
                    for key in keys {
                        if state.withLock({ $0.isLeaving }) { return }
                        let answer = try await client.get(key)
                        note(key, answer)
                    }
                }
            } catch {
                state.withLock { $0.complaints.append("\(error)") }
            }
        }
        work.withLock { $0 = task }
    }

    private func note(_ key: String, _ answer: RawClient.Answer) {
        let status = answer.headers["cache-status"] ?? ""
        let ttl = status.firstMatch(of: /ttl=(-?\d+)/).flatMap { Int($0.1) } ?? 0
        state.withLock { state in
            state.count += 1
            if ttl < 0 { state.staleCount += 1 }
            state.last[key] = (status.contains("detail=memory"), ttl)
            let number = key.split(separator: "/").last ?? ""
            if answer.status != 200 || !answer.body.contains("\"id\":\(number),") {
                state.complaints.append("\(key): \(answer.status) \(status) \(answer.body.prefix(100))")
            }
        }
    }

    /// Ends when its present request is answered.
    func leave() async {
        state.withLock { $0.isLeaving = true }
        await work.withLock { $0 }?.value
    }
}

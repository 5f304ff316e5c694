import Foundation

/// A real Redis Sentinel on a free loopback port that watches one master, alone: what it finds counts at once.
///
/// The program is the same as `RedisServer`'s, in its sentinel mode. It is killed when this object is released.
package final class RedisSentinel: Sendable {
    /// What it calls the master.
    package static let master = "main"
    /// The port on 127.0.0.1.
    package let port: UInt16
    private let directory: TemporaryDirectory
    private let child: ChildProcess

    /// Starts one and returns when it knows the master and its replica.
    /// - Parameters:
    ///   - password: the master's and the replica's; nil: none.
    ///   - downAfter: the silence after which it takes the master for dead.
    package init(watching port: UInt16, password: String? = nil, downAfter: Duration = .milliseconds(500)) async throws {
        directory = try TemporaryDirectory(label: "sentinel")
        self.port = try FreePort.next()
        let name = Self.master
        var lines = [
            "port \(self.port)", "bind 127.0.0.1", "dir \(directory.path)", "sentinel monitor \(name) 127.0.0.1 \(port) 1",
            "sentinel down-after-milliseconds \(name) \(Int(downAfter / .milliseconds(1)))",
            "sentinel failover-timeout \(name) 5000", "sentinel parallel-syncs \(name) 1",
        ]
        if let password { lines.append("sentinel auth-pass \(name) \(password)") }
        let file = directory.path("sentinel.conf")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: file))
        let program = ProcessInfo.processInfo.environment["REDIS_SERVER"] ?? "/usr/bin/redis-server"
        child = try ChildProcess(program, [file, "--sentinel"])
        let limit = ContinuousClock.now + .seconds(30)
        while try await !replicas().contains("flags\nslave\n") {
            guard child.ending == nil, ContinuousClock.now < limit else {
                throw HarnessError(
                    "\(child.command) does not know the master's replica. It said: \(child.standardOutput)\(child.standardError)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The port that it takes the master to be at; nil while it does not answer.
    package func masterPort() async throws -> UInt16? {
        let answer = try await cli(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.master])
        return answer.split(separator: "\n").last.flatMap { UInt16($0) }
    }

    /// Has it make a replica the master, though the master lives; false when it will not yet.
    package func failOver() async throws -> Bool { try await cli(["SENTINEL", "FAILOVER", Self.master]).hasPrefix("OK") }

    /// Ends it and waits until it is gone.
    package func stop() async { await child.stop() }

    private func replicas() async throws -> String { try await cli(["SENTINEL", "REPLICAS", Self.master]) }

    private func cli(_ arguments: [String]) async throws -> String {
        try await ChildProcess.run("redis-cli", ["-h", "127.0.0.1", "-p", "\(port)"] + arguments).standardOutput
    }
}

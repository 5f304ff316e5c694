import Foundation
import Synchronization

/// A real redis-server in a temporary directory of its own, on a free loopback port or a Unix socket.
///
/// The program is `$REDIS_SERVER`, else `/usr/bin/redis-server`. It is killed when this object is released, and when this process dies.
package final class RedisServer: Sendable {
    private let options: RedisServerOptions
    private let directory: TemporaryDirectory
    private let address: Mutex<UInt16?>
    private let child: Mutex<ChildProcess?>
    private let clock: SettableClock?

    /// Starts a server and returns when it answers PING.
    package init(_ options: RedisServerOptions = .init()) async throws {
        self.options = options
        directory = try TemporaryDirectory(label: "redis")
        address = Mutex(nil)
        child = Mutex(nil)
        clock = options.hasSettableClock ? try SettableClock(file: directory.path("clock")) : nil
        if options.unixSocket {
            try await start()
            return
        }
        // Another process may take the port between our choice and the server's bind; then try the next.
        for attempt in 1... {
            let port = try FreePort.next()
            address.withLock { $0 = port }
            do {
                try await start()
                return
            } catch  where attempt < 5 && log.contains("Address already in use") {}
        }
    }

    /// The TCP port on 127.0.0.1; 0 for a server on a Unix socket.
    package var port: UInt16 { address.withLock { $0 } ?? 0 }

    /// The path of the Unix socket, whether or not the server listens there.
    package var socketPath: String { directory.path("redis.sock") }

    /// The URL that a client connects with, password included.
    package var url: String {
        if options.unixSocket { return "unix://\(socketPath)" }
        let login = options.password.map { ":\($0)@" } ?? ""
        return "redis://\(login)127.0.0.1:\(port)"
    }

    /// The id of the server's process; nil while it is stopped.
    package var processIdentifier: Int32? { child.withLock { $0?.processIdentifier } }

    /// What the server has logged in its present life.
    package var log: String { child.withLock { $0?.standardOutput } ?? "" }

    /// Sets the server's wall clock so far ahead of this host's, or behind it, and returns when it has been seen there.
    package func stepClock(by span: Duration) async throws {
        guard let clock else { throw HarnessError("This server's clock cannot be set: start it with hasSettableClock") }
        try clock.set(ahead: span)
        let seconds = try await cli("TIME").split(separator: "\n").first.flatMap { Int64($0) } ?? 0
        let difference = seconds - Int64(Date().timeIntervalSince1970) - span.components.seconds
        guard abs(difference) <= 60 else { throw HarnessError("The server's clock is \(difference) s away from what it was set to") }
    }

    /// Ends the server gracefully (`SIGTERM`: it saves what it is configured to save) and waits until it is gone.
    package func stop() async { await take()?.stop() }

    /// Kills the server (`SIGKILL`) and waits until it is gone.
    package func kill() async { _ = await take()?.kill() }

    /// Freezes the server (`SIGSTOP`): connections stay, nothing answers.
    package func pause() { child.withLock { $0?.signal(SIGSTOP) } }

    /// Lets a frozen server go on (`SIGCONT`).
    package func resume() { child.withLock { $0?.signal(SIGCONT) } }

    /// Kills the server, if it runs, and starts it again at the same address, as another run id.
    ///
    /// - Parameter keepingData: true: with the data it had (of an append-only server what the file holds after a kill, of another
    ///   what a `SAVE` before the kill holds; a server that was stopped before has its old snapshot or nothing). False: empty.
    package func restart(keepingData: Bool) async throws {
        if keepingData && !options.appendOnly && processIdentifier != nil { _ = try await cli("SAVE") }
        await kill()
        if !keepingData {
            for name in ["dump.rdb", "appendonlydir", "appendonly.aof"] {
                try? FileManager.default.removeItem(atPath: directory.path(name))
            }
        }
        try await start()
    }

    /// Starts a server that was stopped or killed, at the same address, with whatever files it left; returns when it answers PING.
    package func start() async throws {
        let port = address.withLock { $0 }
        let program = ProcessInfo.processInfo.environment["REDIS_SERVER"] ?? "/usr/bin/redis-server"
        var arguments = ["--dir", directory.path, "--save", "", "--appendonly", options.appendOnly ? "yes" : "no", "--daemonize", "no"]
        arguments +=
            port.map { ["--port", "\($0)", "--bind", "127.0.0.1"] + options.alsoBinds } ?? ["--port", "0", "--unixsocket", socketPath]
        if let password = options.password { arguments += ["--requirepass", password] }
        if let maxMemory = options.maxMemory { arguments += ["--maxmemory", "\(maxMemory)"] }
        if !options.alsoBinds.isEmpty { arguments += ["--protected-mode", "no"] }
        let process = try ChildProcess(
            program, arguments + options.extraArguments, environment: clock?.environment ?? [:])
        child.withLock { $0 = process }
        let limit = ContinuousClock.now + .seconds(30)
        while !ReadinessProbe.serves(
            port: port, socketPath: socketPath, password: options.password, expected: process.processIdentifier)
        {
            if process.ending != nil || ContinuousClock.now > limit {
                await process.kill()
                throw HarnessError("\(process.command) did not begin to serve. It said: \(process.standardOutput)\(process.standardError)")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Runs `redis-cli` against the server and returns what it printed, without the last line end; throws when it failed.
    @discardableResult package func cli(_ arguments: String...) async throws -> String { try await cli(arguments) }

    /// Runs `redis-cli` against the server and returns what it printed, without the last line end; throws when it failed.
    @discardableResult package func cli(_ arguments: [String]) async throws -> String {
        var connection = options.unixSocket ? ["-s", socketPath] : ["-h", "127.0.0.1", "-p", "\(port)"]
        if let password = options.password { connection += ["--no-auth-warning", "-a", password] }
        let run = try await ChildProcess.run("redis-cli", connection + arguments)
        guard run.ending == .exited(0) else {
            throw HarnessError("redis-cli \(arguments.joined(separator: " ")) failed: \(run.standardOutput)\(run.standardError)")
        }
        let printed = run.standardOutput
        return printed.hasSuffix("\n") ? String(printed.dropLast()) : printed
    }

    private func take() -> ChildProcess? {
        child.withLock { current in
            defer { current = nil }
            return current
        }
    }
}

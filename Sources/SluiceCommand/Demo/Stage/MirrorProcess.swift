package import SluiceHTTP
import SluiceHarness
package import SluiceLoop

/// A strict mirror in a process of its own (`sluice mirror`), asked over HTTP like anybody's.
package actor MirrorProcess {
    package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// The base URL.
    package nonisolated let url: String
    private let loop: EventLoop
    private let http: HTTPClient
    private let program: String
    private let arguments: [String]
    private var child: ChildProcess

    /// Starts one on a free port and returns when it answers.
    /// - Parameters:
    ///   - options: of `sluice mirror`, without `--listen`.
    ///   - host: the address to listen on.
    package init(program: String, options: [String], host: String = "127.0.0.1", http: HTTPClient, loop: EventLoop) async throws {
        var attempt = 1
        while true {
            let port = try FreePort.next()
            let arguments = ["mirror", "--listen", "\(host):\(port)"] + options
            let child = try ChildProcess(program, arguments)
            do {
                try await Self.wait(for: child, at: "http://\(host):\(port)", http: http, loop: loop)
            } catch {
                await child.kill()
                // Another process may have taken the port between the choice and the mirror's bind.
                guard attempt < 5, !(error is CancellationError) else { throw error }
                attempt += 1
                continue
            }
            self.loop = loop
            self.http = http
            self.program = program
            self.arguments = arguments
            self.child = child
            url = "http://\(host):\(port)"
            return
        }
    }

    /// What it saw so far.
    package func report() async throws -> MirrorReport {
        try MirrorReport(json: try await Self.get(url + "/__stats", http: http))
    }

    /// When each request that it counted arrived, on this host's continuous clock, in order.
    /// - Parameter status: only those that were answered so; nil: all.
    package func arrivals(answered status: Int? = nil) async throws -> [Instant] {
        let start = Instant(microseconds: try await report().startedMicroseconds)
        return try MirrorReport.milliseconds(log: try await Self.get(url + "/__log", http: http), status: status).map {
            start.advanced(by: .milliseconds($0))
        }
    }

    /// Ends the process and starts another at the same address, with these options besides its own.
    package func restart(adding options: [String]) async throws {
        await child.stop()
        child = try ChildProcess(program, arguments + options)
        try await Self.wait(for: child, at: url, http: http, loop: loop)
    }

    /// Its process's id.
    package var processIdentifier: Int32 { child.processIdentifier }

    /// Ends the process and waits until it is gone.
    package func stop() async { await child.stop(grace: .seconds(2)) }

    private static func wait(for child: ChildProcess, at url: String, http: HTTPClient, loop: EventLoop) async throws {
        let limit = Instant.now.advanced(by: .seconds(30))
        while true {
            if (try? await get(url + "/__stats", http: http)) != nil { return }
            guard child.ending == nil, Instant.now < limit else {
                throw DemoError("\(child.command) did not begin to answer. It said: \(child.standardOutput)\(child.standardError)")
            }
            try await loop.sleep(until: Instant.now.advanced(by: .milliseconds(5)))
        }
    }

    private static func get(_ url: String, http: HTTPClient) async throws -> [UInt8] {
        let response = try await http.send(HTTPRequest(url: url), timeout: .seconds(10)) { true }
        guard response.status == 200 else { throw DemoError("\(url) answered \(response.status) in place of 200") }
        return response.body
    }
}

import Foundation
import SluiceHarness

/// An nginx of one process, in a directory of its own, on a free loopback port.
final class NginxServer: Sendable {
    /// What it serves.
    enum Manner: Sendable {
        /// The same short answer to everything.
        case fixed(body: String)
        /// Answers of another server, kept in its cache.
        case cache(of: String)
    }

    let url: String
    private let child: ChildProcess
    private let directory: TemporaryDirectory

    /// Starts one, and returns when it answers; nil where nginx is not installed.
    static func start(_ manner: Manner) async throws -> NginxServer? {
        guard let program = InstalledProgram.path("nginx") else { return nil }
        for attempt in 1... {
            do { return try await NginxServer(program: program, manner) } catch  where attempt < 5 && "\(error)".contains("in use") {}
        }
        return nil
    }

    /// What to say where it is not installed.
    static func advice(_ without: String) -> String { InstalledProgram.advice("nginx", package: "nginx-light", without: without) }

    private init(program: String, _ manner: Manner) async throws {
        directory = try TemporaryDirectory(label: "nginx")
        let port = try FreePort.next()
        url = "http://127.0.0.1:\(port)"
        let file = directory.path("nginx.conf")
        try Self.configuration(manner, port: port, directory: directory.path).write(toFile: file, atomically: true, encoding: .utf8)
        child = try ChildProcess(program, ["-p", directory.path, "-c", file, "-e", directory.path("error.log")])
        let limit = ContinuousClock.now + .seconds(10)
        while (try? RawClient(port)) == nil {
            guard child.ending == nil, ContinuousClock.now < limit else {
                await child.kill()
                let log = (try? String(contentsOfFile: directory.path("error.log"), encoding: .utf8)) ?? ""
                throw BenchError("nginx did not begin to serve: \(child.standardError)\(log)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// The seconds of a processor that it has used.
    var processorTime: Double {
        get throws { try ProcessorTime.of(child.processIdentifier) }
    }

    /// Ends it and waits until it is gone.
    func stop() async { await child.stop(grace: .seconds(2)) }

    /// One process and no log, as a fair rival of one loop: the cache on disk is read through the kernel's own.
    private static func configuration(_ manner: Manner, port: UInt16, directory: String) -> String {
        let (before, location): (String, String)
        switch manner {
        case .fixed(let body): (before, location) = ("", "default_type application/json; return 200 '\(body)';")
        case .cache(let origin):
            before = "proxy_cache_path \(directory)/cache levels=1:2 keys_zone=c:10m max_size=100m inactive=10m;"
            location = "proxy_pass \(origin); proxy_cache c; proxy_cache_valid 200 10m; proxy_http_version 1.1;"
        }
        let rooms = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(directory)/\($0);" }
        return """
            daemon off; master_process off; worker_processes 1;
            pid \(directory)/pid;
            events { worker_connections 2048; }
            http {
                access_log off; keepalive_requests 100000000; \(rooms.joined(separator: " "))
                \(before)
                server { listen 127.0.0.1:\(port) backlog=1024; location / { \(location) } }
            }

            """
    }
}

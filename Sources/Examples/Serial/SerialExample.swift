import Foundation
import Sluice
import SluiceLoop
import SluiceServer

/// A web service whose work runs one at a time over all of its processes, on whatever hosts: `GET /test` does the work under a
/// `DistributedLock` and says how long its caller had to wait for the answer: since `X-Request-Start` (`t=` and seconds since 1970, as
/// proxies write it), so that requests which were sent at once are measured from one instant; without it, since the request arrived.
///
/// `SLUICE_REDIS_URL` (default redis://127.0.0.1:6379/0), `SLUICE_LISTEN` (default a free port), `SERIAL_WORK` (default 3s; how long
/// the work sleeps), `SERIAL_LEASE` (default 2s; how long a killed holder keeps the others waiting). It prints its URL, and runs until
/// it is ended. `deploy/example serial` starts three and calls them.
@main enum SerialExample {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let work = try Duration(text: environment["SERIAL_WORK"] ?? "3s")
        let lease = try Duration(text: environment["SERIAL_LEASE"] ?? "2s")
        let pool = try await MirrorPool(.locks(redis: environment["SLUICE_REDIS_URL"] ?? "redis://127.0.0.1:6379/0"))
        let lock = try pool.lock("serial", lease: lease)

        let loop = EventLoop(name: "serial")
        var options = ServerOptions()
        options.address = try ListenAddress(text: environment["SLUICE_LISTEN"] ?? "127.0.0.1:0")
        let server = HTTPServer(on: loop, options: options) { request in
            guard request.path == "/test" else { return .now(.text(404, "There is only /test.")) }
            return .later { await answer(to: request, with: lock, work: work) }
        }
        try await server.start()
        // At once, whatever reads it: `print` would keep it back from a pipe.
        FileHandle.standardOutput.write(Data("http://\(server.address.description)\n".utf8))
        while true { try await Task.sleep(for: .seconds(3_600)) }
    }

    private static func answer(to request: ServerRequest, with lock: DistributedLock, work: Duration) async -> ServerResponse {
        // The wall clock is read once; from here on time is the steady clock's.
        let began = Instant.now.advanced(by: .zero - underWay(request))
        do {
            return try await lock.withLock(deadline: .seconds(600)) { token in
                try await Task.sleep(for: work)
                let elapsed = Instant.now.duration(since: began) / .seconds(1)
                let body = "{\"elapsed\": \(elapsed), \"token\": \(token), \"process\": \(getpid())}\n"
                return ServerResponse(headers: [("Content-Type", "application/json")], body: Array(body.utf8))
            }
        } catch {
            return .text(503, "\(error)")
        }
    }

    /// How long ago the request was sent, as far as it says so; else how long ago it arrived.
    private static func underWay(_ request: ServerRequest) -> Duration {
        let sinceArrival = Instant.now.duration(since: request.arrivedAt)
        guard let text = request.headers["x-request-start"], text.hasPrefix("t="), let sent = Double(text.dropFirst(2)) else {
            return sinceArrival
        }
        let sinceSent = Date.now.timeIntervalSince1970 - sent
        // A start in the future, or long before anybody would still wait, is another clock's.
        return (0...600).contains(sinceSent) ? max(.seconds(sinceSent), sinceArrival) : sinceArrival
    }
}

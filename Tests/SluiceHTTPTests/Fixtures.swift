import Dispatch
import Glibc
import SluiceHTTP
import SluiceLoop
import Synchronization
import Testing

/// Runs `body` with a client on a loop of its own, and ends both.
func withClient(
    _ change: (inout HTTPClientOptions) -> Void = { _ in }, _ body: (HTTPClient) async throws -> Void
) async throws {
    var options = HTTPClientOptions()
    // A slow machine may rest for seconds between two requests: reuse must not depend on it.
    options.idleConnectionLife = .seconds(600)
    change(&options)
    let loop = EventLoop(name: "http-test")
    let client = try HTTPClient(loop: loop, options: options)
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(client)) } catch { outcome = .failure(error) }
    await client.shutDown()
    await loop.shutDown()
    try outcome.get()
}

/// A gate that lets so many attempts pass and counts them.
final class Gate: Sendable {
    private let counts = Mutex((asked: 0, passed: 0))
    private let limit: Int

    init(limit: Int = .max) { self.limit = limit }

    var asked: Int { counts.withLock { $0.asked } }
    var passed: Int { counts.withLock { $0.passed } }

    func ask() -> Bool {
        counts.withLock { counts in
            counts.asked += 1
            guard counts.passed < limit else { return false }
            counts.passed += 1
            return true
        }
    }
}

/// Something that happens on a thread and is awaited by a test, or the other way round, so many times.
final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func send() { semaphore.signal() }

    /// Blocks the thread: for the server's side.
    func wait() { semaphore.wait() }

    /// For the test's side: the wait has a thread of its own.
    func arrival(times: Int = 1) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                for _ in 0..<times { self.semaphore.wait() }
                continuation.resume()
            }
        }
    }
}

extension HTTPClient {
    /// Sends with a gate that is open and a timeout that does not matter.
    func answer(_ request: HTTPRequest, timeout: Duration = .seconds(60)) async throws(HTTPError) -> HTTPResponse {
        try await send(request, timeout: timeout) { true }
    }

    /// Sends, and returns the error that the test expects.
    func failure(
        _ request: HTTPRequest, timeout: Duration = .seconds(60), _ gate: Gate = Gate(), at location: SourceLocation = #_sourceLocation
    ) async throws -> HTTPError {
        do {
            let response = try await send(request, timeout: timeout) { gate.ask() }
            Issue.record("an answer (\(response.status)) where an error was expected", sourceLocation: location)
            throw CancellationError()
        } catch let error as HTTPError {
            return error
        }
    }
}

extension HTTPResponse {
    /// The body as text.
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// This process's sockets that lead to the port.
private func sockets(to port: UInt16) -> [Int32] {
    (0..<4_096).filter { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        return found == 0 && address.sin_family == sa_family_t(AF_INET) && UInt16(bigEndian: address.sin_port) == port
    }
}

/// How many of this process's sockets lead to the port.
func socketsLeading(to port: UInt16) -> Int { sockets(to: port).count }

/// `TCP_USER_TIMEOUT` of this process's sockets that lead to the port, in milliseconds.
func userTimeouts(to port: UInt16) -> [Int32] {
    sockets(to: port).map { descriptor in
        var milliseconds: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds, &length)
        return milliseconds
    }
}

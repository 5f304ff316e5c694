import Dispatch
import Foundation
import Glibc
import Synchronization

/// A server that does exactly what a test tells it to, on real sockets of the loopback address.
///
/// Each connection has a thread that runs the test's closure; when the closure returns, the connection is closed.
final class TestServer: Sendable {
    /// One request as it came.
    struct Received: Sendable {
        var method: String
        var target: String
        var head: String
        var body: [UInt8]
    }

    private struct State {
        var connections: Set<Int32> = []
        var accepted = 0
        var open = 0
        var mostOpen = 0
        var received: [Received] = []
        var isStopped = false
    }

    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())
    private let threads = DispatchGroup()

    var url: String { "http://127.0.0.1:\(port)" }
    /// All requests of all connections, in the order of arrival.
    var received: [Received] { state.withLock { $0.received } }
    /// Connections accepted so far.
    var accepted: Int { state.withLock { $0.accepted } }
    /// The most connections that were open at one time.
    var mostOpen: Int { state.withLock { $0.mostOpen } }

    /// - Parameter serve: what to do with each connection, and its number, from 1.
    init(_ serve: @escaping @Sendable (Connection, Int) -> Void) {
        (listener, port) = Self.listen(backlog: 128)
        threads.enter()
        Thread.detachNewThread { [self, threads] in
            defer { threads.leave() }
            while true {
                let socket = accept(listener, nil, nil)
                guard socket >= 0 else { return }
                let number = state.withLock { state -> Int? in
                    if state.isStopped { return nil }
                    state.connections.insert(socket)
                    state.accepted += 1
                    state.open += 1
                    state.mostOpen = max(state.mostOpen, state.open)
                    return state.accepted
                }
                guard let number else {
                    close(socket)
                    return
                }
                threads.enter()
                Thread.detachNewThread { [self] in
                    serve(Connection(socket: socket, server: self), number)
                    state.withLock { state in
                        state.open -= 1
                        state.connections.remove(socket)
                        _ = close(socket)
                    }
                    threads.leave()
                }
            }
        }
    }

    /// A server that answers every request with 200 and the same body.
    convenience init(answering body: String) {
        self.init { connection, _ in while connection.next() != nil { connection.answer(body) } }
    }

    /// Ends every connection and waits for the threads.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            for socket in state.connections { shutdown(socket, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        threads.wait()
        // Not earlier: another server of this process might get the number while our thread still accepts on it.
        close(listener)
    }

    fileprivate func count(_ request: Received) { state.withLock { $0.received.append(request) } }

    /// A socket that listens on a free port of the loopback address, and the port.
    static func listen(backlog: Int32) -> (Int32, UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(listener, pointer, length) == 0 && Glibc.listen(listener, backlog) == 0, "no free port")
                getsockname(listener, pointer, &length)
            }
        }
        return (listener, UInt16(bigEndian: address.sin_port))
    }
}

/// One connection, used by its own thread only.
struct Connection {
    fileprivate let socket: Int32
    fileprivate let server: TestServer

    /// Reads the next request whole; nil when the client has closed the connection.
    func next() -> TestServer.Received? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard let byte = read(1) else { return nil }
            bytes += byte
        }
        let head = String(decoding: bytes, as: UTF8.self)
        let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
        let length = head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }
        guard let body = read(length ?? 0) else { return nil }
        let request = TestServer.Received(method: String(words[0]), target: String(words[1]), head: head, body: body)
        server.count(request)
        return request
    }

    /// Sends a whole answer.
    func answer(_ body: String = "", status: String = "200 OK", headers: [String] = []) {
        let fields = headers.map { $0 + "\r\n" }.joined()
        write("HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Sends text as it stands. Returns false when the client is gone.
    @discardableResult
    func write(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Waits until the client closes the connection (or the server is stopped).
    func waitForClose() { while read(1) != nil {} }

    private func read(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress! + filled, count - filled, 0) }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }
}

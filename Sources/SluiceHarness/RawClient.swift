import Foundation

/// A TCP client that sends exactly the bytes it is told to, and reads answers by hand: what a well-behaved client would hide is the point.
/// It blocks, for at most 20 s on each read, but on threads of its own: tests that run side by side share the few of Swift's pool.
//
// @unchecked Sendable: a test uses its client from one task, and each call waits for its end.
package final class RawClient: @unchecked Sendable {
    /// What went wrong on the socket.
    package struct Failure: Error { package let what: String }

    /// One answer.
    package struct Answer: Sendable {
        package var status = 0
        /// Names in lower case.
        package var headers: [String: String] = [:]
        package var body = ""
    }

    private var descriptor: Int32
    private var buffer: [UInt8] = []
    /// Whether the other end has reset the connection; what it sent before may be lost then.
    package private(set) var wasReset = false

    /// Connects to 127.0.0.1.
    package init(_ port: UInt16) throws {
        // Close-on-exec: a server that another test starts meanwhile would keep the connection open beyond `shut` and `reset`.
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval()
        limit.tv_sec = 120
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else {
            let code = errno
            shut()
            throw Failure(what: "connect: \(String(cString: strerror(code)))")
        }
    }

    deinit { shut() }

    /// Closes the connection.
    package func shut() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Closes the connection so that the other end gets a reset.
    package func reset() {
        var hard = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        shut()
    }

    /// Sends these bytes.
    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends these bytes.
    package func send(_ bytes: [UInt8]) throws {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(what: "send: \(String(cString: strerror(errno)))") }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Says that nothing more will be sent; answers can still be read.
    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Sends a request without a body and reads its answer.
    package func get(_ target: String, _ headers: String = "", method: String = "GET") async throws -> Answer {
        try send("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
        return try await answer(isHead: method == "HEAD")
    }

    /// Reads one answer.
    package func answer(isHead: Bool = false) async throws -> Answer {
        try await aside { try self.readAnswer(isHead) }
    }

    /// Whether the other end closes without sending anything else.
    package func isClosedByServer() async throws -> Bool {
        try await aside { try self.buffer.isEmpty && !self.fill() }
    }

    /// Reads what there is, at most 64 KiB, and returns how many bytes that was; 0 at the end. What was read is gone.
    package func readSome() async throws -> Int {
        try await aside {
            defer { self.buffer = [] }
            return try self.buffer.isEmpty && !self.fill() ? 0 : self.buffer.count
        }
    }

    /// Everything that is sent until the other end closes.
    package func rest() async throws -> String { String(decoding: try await restBytes(), as: UTF8.self) }

    /// Everything that is sent until the other end closes.
    package func restBytes() async throws -> [UInt8] {
        try await aside {
            while try self.fill() {}
            return self.buffer
        }
    }

    private func aside<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            // Not a queue of Dispatch's: on Linux they share their few threads with Swift's tasks.
            Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    private func readAnswer(_ isHead: Bool) throws -> Answer {
        let blank = Array("\r\n\r\n".utf8)
        var end = 0
        while !buffer[end...].starts(with: blank) {
            if end + blank.count < buffer.count { end += 1 } else if try !fill() { throw Failure(what: "end of file in the head") }
        }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        buffer.removeFirst(end + blank.count)
        var answer = Answer()
        answer.status = Int(lines[0].split(separator: " ")[1]) ?? 0
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            answer.headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let count = isHead || answer.status == 304 ? 0 : Int(answer.headers["content-length"] ?? "0") ?? 0
        while buffer.count < count { if try !fill() { throw Failure(what: "end of file in the body") } }
        answer.body = String(decoding: buffer.prefix(count), as: UTF8.self)
        buffer.removeFirst(count)
        return answer
    }

    private func fill() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        var count = recv(descriptor, &piece, piece.count, 0)
        // With a time limit on it a call is interrupted even by a stop of the whole process.
        while count < 0, errno == EINTR { count = recv(descriptor, &piece, piece.count, 0) }
        if count < 0, errno == ECONNRESET { wasReset = true }
        if count < 0, !wasReset { throw Failure(what: "recv: \(String(cString: strerror(errno)))") }
        if count > 0 { buffer.append(contentsOf: piece.prefix(count)) }
        return count > 0
    }
}

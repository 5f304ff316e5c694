import Foundation
import Synchronization

/// The gateway's access log: lines that go to a file or to standard output.
///
/// They are gathered and written by a thread of its own, so that a slow disk or a pipe that nobody empties holds no request up. What
/// cannot be kept meanwhile is dropped and counted.
final class AccessLog: Sendable {
    private struct State {
        var lines: [UInt8] = []
        var dropped = 0
        var isClosing = false
    }

    /// Bytes that may wait to be written.
    private static let capacity = 4 << 20

    private let state = Mutex(State())
    private let name: String
    private let descriptor: Int32
    private let complain: @Sendable (String) -> Void
    private let work = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Opens the log.
    /// - Parameters:
    ///   - path: a file, made when there is none and appended to; `-`: standard output.
    ///   - complain: is told when lines are lost.
    /// - Throws: a sentence that names the file and why it cannot be written.
    init(path: String, complain: @escaping @Sendable (String) -> Void) throws {
        name = path == "-" ? "standard output" : path
        descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw Failure(description: "the access log \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        self.complain = complain
        Thread.detachNewThread { [self] in write() }
    }

    private struct Failure: Error, CustomStringConvertible { let description: String }

    /// Adds a line, from any thread, without waiting.
    func note(_ line: String) {
        let isFirst = state.withLock { state in
            guard state.lines.count + line.utf8.count < Self.capacity else {
                state.dropped += 1
                return false
            }
            defer {
                state.lines.append(contentsOf: line.utf8)
                state.lines.append(UInt8(ascii: "\n"))
            }
            return state.lines.isEmpty
        }
        if isFirst { work.signal() }
    }

    /// Writes what is left, for at most five seconds. Call it once, after the last line.
    func close() {
        state.withLock { $0.isClosing = true }
        work.signal()
        _ = ended.wait(timeout: .now() + 5)
    }

    private func write() {
        var hasFailed = false
        while true {
            work.wait()
            let (lines, dropped, isClosing) = state.withLock { state in
                defer { (state.lines, state.dropped) = ([], 0) }
                return (state.lines, state.dropped, state.isClosing)
            }
            if dropped > 0 { complain("\(dropped) lines of the access log are lost: \(name) is written too slowly") }
            if let reason = put(lines) {
                // Once is enough: it would be said for every request.
                if !hasFailed { complain("the access log cannot be written to \(name): \(String(cString: strerror(reason)))") }
                hasFailed = true
            } else if !lines.isEmpty {
                hasFailed = false
            }
            if isClosing { break }
        }
        ended.signal()
    }

    /// Writes all of it; the number of the error that stopped it otherwise.
    private func put(_ bytes: [UInt8]) -> Int32? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}

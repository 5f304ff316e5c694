import Foundation
import Synchronization

/// A loopback port that leads to another, and from some moment on to yet another, as a name or an address does that moves to another host:
/// connections that stand stay where they are.
package final class TCPProxy: Sendable {
    private struct State {
        var target: UInt16
        var sockets: Set<Int32> = []
        var accepted = 0
        var isStopped = false
    }

    /// Where it listens.
    package let port: UInt16
    private let listener: Int32
    private let state: Mutex<State>

    /// - Parameter target: the port that it leads to.
    package init(to target: UInt16) throws(HarnessError) {
        port = try FreePort.next()
        state = Mutex(State(target: target))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let status = Self.withAddress(port) { [listener] in bind(listener, $0, $1) }
        guard status == 0, listen(listener, 64) == 0 else { throw HarnessError("The proxy cannot listen on port \(port)") }
        // The thread keeps the proxy until it is stopped.
        Thread.detachNewThread { self.acceptAll() }
    }

    /// How many connections there have been.
    package var accepted: Int { state.withLock { $0.accepted } }

    /// New connections lead to this port from now on.
    package func lead(to target: UInt16) { state.withLock { $0.target = target } }

    /// Ends every connection and the port.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private final class Ends: Sendable {
        let count = Atomic(0)
    }

    private func acceptAll() {
        while true {
            let near = accept(listener, nil, nil)
            guard near >= 0 else { break }
            // A child that got it all the same does no harm: connections are shut down, not only closed.
            _ = fcntl(near, F_SETFD, FD_CLOEXEC)
            let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            let target = state.withLock { state -> UInt16? in
                state.accepted += 1
                guard !state.isStopped else { return nil }
                state.sockets.formUnion([near, far])
                return state.target
            }
            guard let target, Self.withAddress(target, { connect(far, $0, $1) }) == 0 else {
                end(near, far)
                continue
            }
            // The second of the two to end closes both.
            let ends = Ends()
            for (from, to) in [(near, far), (far, near)] {
                Thread.detachNewThread { [self] in
                    Self.carry(from: from, to: to)
                    if ends.count.add(1, ordering: .acquiringAndReleasing).newValue == 2 { end(near, far) }
                }
            }
        }
        close(listener)
    }

    private func end(_ near: Int32, _ far: Int32) {
        state.withLock { state in
            state.sockets.subtract([near, far])
            shutdown(near, Int32(SHUT_RDWR))
            _ = close(near)
            _ = close(far)
        }
    }

    private static func carry(from: Int32, to: Int32) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(from, &bytes, bytes.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let taken = bytes.withUnsafeBytes { send(to, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL)) }
                if taken < 0, errno == EINTR { continue }
                guard taken > 0 else { break }
                sent += taken
            }
            guard sent == count else { break }
        }
        // The other direction ends with this one.
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    private static func withAddress(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = LoopbackAddress.make(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

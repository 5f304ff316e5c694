import Foundation
import SluiceHarness

/// A TCP listener on a free loopback port that is no Redis: it says one thing to everyone, or accepts nobody.
final class LoopbackListener: Sendable {
    let port: UInt16
    private let descriptor: Int32

    /// - Parameters:
    ///   - answer: said to each connection, which is then closed; nil: connections are not even accepted.
    ///   - backlog: connections that the kernel makes without us.
    init(answering answer: String?, backlog: Int32 = 64) throws {
        port = try FreePort.next()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard bound == 0, listen(descriptor, backlog) == 0 else { throw HarnessError("no listener on port \(port)") }
        guard let answer else { return }
        let listening = descriptor
        Thread {
            while true {
                let peer = accept(listening, nil, nil)
                guard peer >= 0 else { return }
                var bytes = [UInt8](repeating: 0, count: 4_096)
                _ = recv(peer, &bytes, bytes.count, 0)
                _ = answer.withCString { send(peer, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                close(peer)
            }
        }.start()
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

import Foundation
import Synchronization

/// Loopback TCP ports that nobody listens on.
///
/// They come from below the kernel's ephemeral range, so that no outgoing connection of a test takes one in the time between the
/// choice and the server's `bind`; the same port is never given twice in a process. Another process may still be quicker: a
/// starter should try another port when its server cannot bind.
package enum FreePort {
    private static let given = Mutex<Set<UInt16>>([])

    /// A port that could be bound on 127.0.0.1 a moment ago.
    package static func next() throws(HarnessError) -> UInt16 {
        for _ in 0..<1_000 {
            let port = UInt16.random(in: 10_000..<32_000)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            if canBind(port) { return port }
        }
        throw HarnessError("No free loopback port was found in 1,000 tries between 10000 and 32000")
    }

    private static func canBind(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = LoopbackAddress.make(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}

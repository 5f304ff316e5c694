import Foundation

/// A loopback port where connecting leads nowhere: something listens, but its queue is full, so the kernel drops whoever knocks.
package struct StalledListener: ~Copyable {
    /// The port.
    package let port: UInt16
    private let listener: Int32
    private let filler: Int32

    /// Listens, and fills the queue.
    package init() throws(HarnessError) {
        let port = try FreePort.next()
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = LoopbackAddress.make(port)
        let isFull = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let length = socklen_t(MemoryLayout<sockaddr_in>.size)
                // Linux queues one connection more than it is told to.
                return bind(listener, address, length) == 0 && listen(listener, 0) == 0 && connect(filler, address, length) == 0
            }
        }
        guard isFull else {
            close(listener)
            close(filler)
            throw HarnessError("Port \(port) could not be made to stall")
        }
        self.port = port
        self.listener = listener
        self.filler = filler
    }

    deinit {
        close(listener)
        close(filler)
    }
}

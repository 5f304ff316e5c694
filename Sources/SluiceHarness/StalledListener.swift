import Foundation

/// A loopback port where connecting leads nowhere: something listens, but its queue is full, so the kernel drops whoever knocks.
package struct StalledListener: ~Copyable {
    /// The port.
    package let port: UInt16
    private let listener: Int32
    private let filler: Int32

    /// Listens on a port that is free, and fills the queue.
    package init() throws(HarnessError) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = LoopbackAddress.make(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isFull = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                // Linux queues one connection more than it is told to.
                bind(listener, address, length) == 0 && listen(listener, 0) == 0 && getsockname(listener, address, &length) == 0
                    && connect(filler, address, length) == 0
            }
        }
        guard isFull else {
            close(listener)
            close(filler)
            throw HarnessError("No port could be made to stall")
        }
        port = UInt16(bigEndian: address.sin_port)
        self.listener = listener
        self.filler = filler
    }

    deinit {
        close(listener)
        close(filler)
    }
}

import Foundation

/// 127.0.0.1 as the kernel wants it.
enum LoopbackAddress {
    /// The IPv4 address of a loopback port.
    static func make(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

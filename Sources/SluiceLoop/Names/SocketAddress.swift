internal import CSluiceLibuv

/// An IP address and a port.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address in its usual text form, without brackets.
    package let ip: String
    /// The port, in host order.
    package let port: UInt16
    /// Whether this is an IPv6 address.
    package let isIPv6: Bool

    /// Nil when `ip` is not the text of an IPv4 or IPv6 address.
    package init?(ip: String, port: UInt16) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if uv_ip4_addr(ip, Int32(port), &four) == 0 {
            isIPv6 = false
        } else if uv_ip6_addr(ip, Int32(port), &six) == 0 {
            isIPv6 = true
        } else {
            return nil
        }
        self.ip = ip
        self.port = port
    }

    /// From a socket address as the system gives it; nil for other families than IPv4 and IPv6.
    init?(_ address: UnsafePointer<sockaddr>) {
        var text = [CChar](repeating: 0, count: 64)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let four = UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr_in.self)
            uv_ip4_name(four, &text, text.count)
            port = UInt16(bigEndian: four.pointee.sin_port)
            isIPv6 = false
        case AF_INET6:
            let six = UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr_in6.self)
            uv_ip6_name(six, &text, text.count)
            port = UInt16(bigEndian: six.pointee.sin6_port)
            isIPv6 = true
        default: return nil
        }
        ip = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The address in the form that the system's calls take, for the duration of `body`.
    func withSockAddr<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        var storage = sockaddr_storage()
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let raw = UnsafeMutableRawPointer(pointer)
            if isIPv6 {
                uv_ip6_addr(ip, Int32(port), raw.assumingMemoryBound(to: sockaddr_in6.self))
            } else {
                uv_ip4_addr(ip, Int32(port), raw.assumingMemoryBound(to: sockaddr_in.self))
            }
            return body(raw.assumingMemoryBound(to: sockaddr.self))
        }
    }

    /// `127.0.0.1:6379` or `[::1]:6379`.
    package var description: String { isIPv6 ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}

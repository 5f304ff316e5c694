internal import SluiceLoop

/// Where a server listens: an IP address of this host and a port.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 or IPv6 address without brackets. `0.0.0.0` and `::` are all addresses of the host.
    package let ip: String
    /// The port; 0 lets the system choose a free one.
    package let port: UInt16

    /// - Throws: when `ip` is not the text of an IP address. Names are not looked up: a server says exactly where it listens.
    package init(ip: String, port: UInt16) throws(ServerError) {
        guard SocketAddress(ip: ip, port: port) != nil else {
            throw ServerError(
                .invalidOption, "\"\(ip)\" is no IP address to listen on; write one of this host's, such as 127.0.0.1, or 0.0.0.0 for all")
        }
        self.ip = ip
        self.port = port
    }

    /// Reads `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (which is 127.0.0.1) or `:8080` (127.0.0.1 as well).
    package init(text: String) throws(ServerError) {
        func failure(_ reason: String) -> ServerError {
            ServerError(.invalidOption, "cannot listen on \"\(text)\": \(reason); write ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080")
        }
        guard let colon = text.lastIndex(of: ":") else { throw failure("the port is missing") }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else {
            throw failure("the port \"\(digits)\" is no number from 0 to 65535")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw failure("an IPv6 address needs brackets")
        }
        let ip = host.isEmpty || host == "localhost" ? "127.0.0.1" : String(host)
        guard SocketAddress(ip: ip, port: port) != nil else { throw failure("\"\(ip)\" is no IP address") }
        self.ip = ip
        self.port = port
    }

    /// This host alone, at a port that the system chooses.
    package static let anyLoopbackPort = ListenAddress(unchecked: "127.0.0.1", port: 0)

    private init(unchecked ip: String, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// Whether it is reached from this host alone: 127.0.0.0/8 or ::1.
    package var isLoopback: Bool { ip.hasPrefix("127.") || ip == "::1" }

    /// `127.0.0.1:8080` or `[::1]:8080`.
    package var description: String { ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}
